import { DissectCounters, defaultDissectOptions, type DissectEnvironment } from '#dissect';
import type { IngestCounters } from './counters.ts';

/** Reads what a log or an archive has kept of a connection with the dissectors of captures. Where they lose something, the log's counters say so. */
export function dissect(counters: IngestCounters, read: (environment: DissectEnvironment) => void): void {
  const met = new DissectCounters();
  read({ options: defaultDissectOptions, counters: met });
  for (const { protocol, reason, count } of met.entries()) if (reason !== 'messages') counters.add(protocol, reason, count);
}
