import { DissectCounters, defaultDissectOptions, type DissectEnvironment } from '#dissect';
import type { IngestCounters } from './counters.ts';

/** Runs the dissectors of captures on what a log or an archive has kept of a connection. What they drop is counted in the log's counters. */
export function dissect(counters: IngestCounters, read: (environment: DissectEnvironment) => void): void {
  const met = new DissectCounters();
  read({ options: defaultDissectOptions, counters: met });
  for (const { protocol, reason, count } of met.entries()) if (reason !== 'messages') counters.add(protocol, reason, count);
}
