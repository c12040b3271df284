import { z } from 'zod';
import { httpSection, logSectionFrom, shutdownSection } from '#runtime';
import { alerterSection } from '../alerter/configuration.ts';
import { geoSection, policyFiles } from '../detector/configuration.ts';

export const standaloneSection = z.strictObject({
  data: z.string().min(1).default('.telltale').meta({ description: 'Folder of the token key, the embedded ClickHouse and the alerter\'s journal. `--data` goes before it.' }),
  rules: z.string().min(1).exactOptional().meta({ description: 'Folder of Sigma rules to use instead of the pack that ships.' }),
  policy: z.string().min(1).exactOptional().meta({ description: 'Jurisdiction policy to use instead of the one that ships.' }),
  ...policyFiles,
  geo: geoSection,
}).prefault({}).meta({ description: 'All parts in one process.' });

export const standaloneSchema = z.strictObject({
  log: logSectionFrom('warn'), http: httpSection(8080), shutdown: shutdownSection, alerter: alerterSection, standalone: standaloneSection,
});
