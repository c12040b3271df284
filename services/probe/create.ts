import type { FlowShare } from '#capture';
import { createTokeniser, type Recognised } from '#identifiers';
import { ProbePipeline } from './pipeline.ts';
import { MonitoredNetworks } from './subject.ts';
import { defaultTables, type TableBounds } from './tables.ts';

export interface ProbeOptions {
  tokenKey: Uint8Array;
  /** Name of the probe. `local` is shared by scans and standalone, so that a capture scanned twice is stored once. */
  observer?: string;
  /** Monitored networks (CIDR). Default: the private ranges. */
  monitoredNetworks?: readonly string[];
  onRecognised?: (recognised: readonly Recognised[]) => void;
  tables?: TableBounds;
  /** Which flows this pipeline handles, if several share the packets. */
  share?: FlowShare;
}

export function createPipeline({
  tokenKey,
  observer = 'local',
  monitoredNetworks,
  onRecognised,
  tables = defaultTables,
  share,
}: ProbeOptions): ProbePipeline {
  return new ProbePipeline({
    observer,
    tokeniser: createTokeniser(tokenKey),
    monitored: new MonitoredNetworks(monitoredNetworks),
    now: () => Date.now() * 1000,
    tables,
    ...(onRecognised && { onRecognised }),
    ...(share && { share }),
  });
}
