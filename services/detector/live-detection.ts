import type { z } from 'zod';
import { projectRoot, type Component, type Logger, type Metrics } from '#runtime';
import type { Check } from '../operations/operations.ts';
import { geoOptions, type detectionOptions } from './configuration.ts';
import { reportGeoTables } from './detection-tables.ts';
import type { Detection } from './detection.ts';
import { PackWatcher, reportRules } from './pack-watcher.ts';
import { loadDetection, watchGeoTables } from './packs.ts';

type DetectionOptions = z.output<z.ZodObject<typeof detectionOptions>>;

interface LiveDetection {
  detection: Detection;
  watchers: Component[];
  /** What is doubtful about its tables, for whoever looks at the service's health. */
  checks: Check[];
}

/** A detection whose rules and geo tables are exchanged while it runs, and the components that do so. */
export async function liveDetection(options: DetectionOptions, { logger, metrics }: { logger: Logger; metrics: Metrics }): Promise<LiveDetection> {
  const { rules, rulesCheckInterval, policy, jurisdictions, inventory, geo } = options;
  const files = { root: projectRoot, jurisdictions, inventory, ...geoOptions(geo), ...(rules && { rules }), ...(policy && { policy }) };
  const loaded = await loadDetection(files);
  for (const { file, line, column, message } of loaded.warnings) logger.warn({ place: `${file}:${line}:${column}` }, message);

  const tables = watchGeoTables(loaded, files, { checkMillis: geo.check, warn: (message) => logger.warn(message) });
  const pack = new PackWatcher(loaded, { root: projectRoot, ...(rules && { folder: rules }), intervalMillis: rulesCheckInterval, logger });
  reportGeoTables(metrics, tables);
  reportRules(metrics, loaded.detection, pack);
  return { detection: loaded.detection, watchers: [tables, pack], checks: [{ name: tables.name, check: () => tables.warning() }] };
}
