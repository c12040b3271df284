import { z } from 'zod';
import { httpSection, logSectionFrom, shutdownSection } from '#runtime';
import { alerterSection } from '../alerter/configuration.ts';
import { detectionOptions } from '../detector/configuration.ts';
import { liveSection } from '../probe/configuration.ts';
import { tablesSection } from '../probe/tables-section.ts';

export const standaloneSection = z.strictObject({
  data: z.string().min(1).default('.telltale')
    .meta({ description: 'Folder of the token key, the embedded ClickHouse and the alerter\'s journal. `--data` overrides it.' }),
  live: liveSection,
  tables: tablesSection,
  ...detectionOptions,
}).prefault({}).meta({ description: 'All services in one process.' });

export const standaloneSchema = z.strictObject({
  log: logSectionFrom('warn', 'text'), http: httpSection(8080), shutdown: shutdownSection, alerter: alerterSection, standalone: standaloneSection,
});
