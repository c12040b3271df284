import { renderConfigurationReference } from '#runtime';
import { alerterSchema } from '../services/alerter/configuration.ts';
import { fieldsReference } from '../services/cli/fields-reference.ts';
import { findingSchema } from '../services/cli/finding-schema.ts';
import { detectorSchema } from '../services/detector/configuration.ts';
import { migrateSchema } from '../services/migrate/configuration.ts';
import { probeSchema } from '../services/probe/configuration.ts';
import { reviewSchema } from '../services/review/configuration.ts';
import { standaloneSchema } from '../services/standalone/configuration.ts';
import { schema } from './clickhouse/schema.ts';
import { buildDashboards } from './grafana/dashboards.ts';
import { identifiersReference } from './identifiers-reference.ts';
import { metricsReference } from './metrics-reference.ts';
import { scanKernelModule } from './scan-kernel.ts';

/** Generated files that are committed, so that a change shows as a difference: path from the project root, and content. */
export async function generatedFiles(): Promise<Record<string, string>> {
  const dashboards = Object.entries(buildDashboards()).map(([name, text]) => [`infra/grafana/dashboards/${name}`, text]);
  return {
    ...Object.fromEntries(dashboards) as Record<string, string>,
    'infra/clickhouse/schema.sql': await schema(),
    'docs/configuration.md': renderConfigurationReference([
      { name: 'standalone', schema: standaloneSchema },
      { name: 'probe', schema: probeSchema },
      { name: 'detector', schema: detectorSchema },
      { name: 'alerter', schema: alerterSchema },
      { name: 'review', schema: reviewSchema },
      { name: 'migrate', schema: migrateSchema },
    ]),
    'docs/metrics.md': await metricsReference(),
    'docs/fields.md': fieldsReference(),
    'docs/identifiers.md': identifiersReference(),
    'docs/finding.schema.json': findingSchema(),
    'libs/identifiers/scan/kernel-module.ts': await scanKernelModule(),
  };
}
