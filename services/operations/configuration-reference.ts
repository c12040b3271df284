import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot, renderConfigurationReference, type ConfiguredService } from '#runtime';
import { alerterSchema } from '../alerter/configuration.ts';

/** Each service with the schema of its configuration. */
const services: readonly ConfiguredService[] = [
  { name: 'alerter', schema: alerterSchema },
];

export const configurationReferencePath = join(projectRoot, 'docs/configuration.md');

/** What docs/configuration.md has to say. */
export function configurationReference(): string {
  return renderConfigurationReference(services);
}

if (process.argv[1] === import.meta.filename) writeFileSync(configurationReferencePath, configurationReference());
