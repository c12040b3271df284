import type { z } from 'zod';
import { projectRoot, type Component, type Logger, type Metrics } from '#runtime';
import type { Check } from '../operations/operations.ts';
import { geoOptions, type detectionOptions } from './configuration.ts';
import { contactDetection } from './contact-detection.ts';
import { correlationDetection } from './correlation-detection.ts';
import { reportGeoTables } from './detection-tables.ts';
import type { Detection } from './detection.ts';
import { failoverDetection } from './failover-detection.ts';
import { PackWatcher, reportRules } from './pack-watcher.ts';
import { loadDetection, readThresholds, watchGeoTables } from './packs.ts';
import type { ScheduledDetection } from './scheduled-detections.ts';
import { volumeDetection } from './volume-detection.ts';

type DetectionOptions = z.output<z.ZodObject<typeof detectionOptions>>;

export interface LiveDetection {
  detection: Detection;
  /** Watchers that replace its rules and tables while it runs. */
  watchers: Component[];
  /** Check of its tables, for the health of the service. */
  checks: Check[];
  /** Detections over stored data: correlations of the rules in use, and those of the baseline. */
  scheduled: () => ScheduledDetection[];
}

/** A detection whose rules and geo tables are replaced while it runs, and the components that do so. */
export async function liveDetection(options: DetectionOptions, { logger, metrics }: { logger: Logger; metrics: Metrics }): Promise<LiveDetection> {
  const { rules, rulesCheckInterval, correlationInterval, baseline, policy, jurisdictions, inventory, geo } = options;
  const files = { root: projectRoot, jurisdictions, inventory, ...geoOptions(geo), ...(rules && { rules }), ...(policy && { policy }) };
  const loaded = await loadDetection(files);
  for (const { file, line, column, message } of loaded.warnings) logger.warn({ place: `${file}:${line}:${column}` }, message);

  const tables = watchGeoTables(loaded, files, { checkMillis: geo.check, warn: (message) => logger.warn(message) });
  const thresholds = await readThresholds(files, baseline.thresholds);
  const pack = new PackWatcher(loaded, { root: projectRoot, ...(rules && { folder: rules }), intervalMillis: rulesCheckInterval, logger });
  reportGeoTables(metrics, tables);
  reportRules(metrics, loaded.detection, pack);
  return {
    detection: loaded.detection,
    watchers: [tables, pack],
    checks: [{ name: tables.name, check: () => tables.warning() }],
    scheduled: () => {
      const versions = loaded.versionsWith({});
      const learned = { intervalMillis: baseline.interval, learningMicros: baseline.learning * 1_000, versions };
      return [
        ...pack.pack.correlations.filter(({ evaluable, silent }) => evaluable !== 'no' && !silent)
          .map((correlation) => correlationDetection(correlation, { intervalMillis: correlationInterval, versions })),
        failoverDetection(learned),
        contactDetection(learned),
        ...thresholds.thresholds.map((threshold) =>
          volumeDetection(threshold, { intervalMillis: baseline.interval, version: thresholds.version, versions }),
        ),
      ];
    },
  };
}
