import { Recogniser, createTokeniser, type Recognised } from '#identifiers';
import { ProbePipeline } from './pipeline.ts';
import { MonitoredNetworks } from './subject.ts';

export interface ProbeOptions {
  tokenKey: Uint8Array;
  /** Name of the probe. `local` is what scans and standalone share, so that scanning a capture twice stores it once. */
  observer?: string;
  /** CIDR ranges of the monitored side; private ranges where absent. */
  monitoredNetworks?: readonly string[];
  onRecognised?: (recognised: readonly Recognised[]) => void;
}

/** Bounds of the flow table; a full table evicts the oldest and counts. */
export const defaultFlowTable = {
  maxFlows: 200_000,
  maxBufferedBytes: 256 << 20,
  activeTimeoutMicros: 60e6,
  inactiveTimeoutMicros: 120e6,
};

export function createPipeline({ tokenKey, observer = 'local', monitoredNetworks, onRecognised }: ProbeOptions): ProbePipeline {
  return new ProbePipeline({
    observer,
    recogniser: new Recogniser({ tokeniser: createTokeniser(tokenKey) }),
    monitored: new MonitoredNetworks(monitoredNetworks),
    flowTable: defaultFlowTable,
    now: () => Date.now() * 1000,
    ...(onRecognised && { onRecognised }),
  });
}
