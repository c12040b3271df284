import type { Metrics } from '#runtime';
import type { StoreCounters } from '#store';
import type { DetectorCounters } from '../detector/detector.ts';
import type { ProbePipeline } from '../probe/pipeline.ts';

/** What the parts of a service count, as its metrics. */

export function reportStore(metrics: Metrics, counters: StoreCounters): void {
  metrics.counts('store', counters, {
    flows: 'Flow records stored.',
    findings: 'Findings stored.',
    rejected: 'Rows given up because ClickHouse does not accept them.',
    retries: 'Inserts tried again.',
    rollupMinutes: 'Minutes recomputed in the rollups.',
    rollupFailures: 'Recomputations that failed; they are tried again.',
  });
}

export function reportDetector(metrics: Metrics, counters: DetectorCounters): void {
  metrics.counts('detector', counters, {
    records: 'Flow records evaluated.',
    batches: 'Batches of them.',
    findings: { help: 'Findings, by level.', label: 'level' },
    detectSeconds: 'Seconds spent in enrichment and rules.',
    storeSeconds: 'Seconds spent waiting for ClickHouse.',
  });
}

export function reportProbe(metrics: Metrics, pipeline: ProbePipeline): void {
  metrics.counts('probe', pipeline.capture, {
    packets: 'Packets read.',
    bytes: 'Captured bytes of those packets.',
    decoded: 'Packets in which IP and transport were decoded.',
    flowsStarted: 'Flows begun.',
    flowsEnded: 'Flows ended.',
    streamBytes: 'TCP payload delivered in order, bytes.',
    gapBytes: 'TCP payload that never came, bytes.',
  });
  metrics.counts('probe', pipeline.entries.counters, { entries: 'Entries read from logs and flow exports.' });
  metrics.counts('probe', pipeline, { records: 'Flow records made.' });
  metrics.counts('identifiers', pipeline.identifiers, {
    recognised: { help: 'Identifiers recognised, by kind.', label: 'kind' },
    dropped: 'Identifiers over the bound of a message.',
    truncated: 'Texts and payloads of which only the beginning was read.',
    undecoded: 'Encoded values left alone because their message had reached its bound.',
    unwatched: 'Parts of messages not compared with the watchlists because a message had too many.',
  });
  metrics.counts('probe', {
    get captureProblems() { return new Map([...pipeline.capture.reasons()].map(({ layer, reason, count }) => [`${layer}/${reason}`, count])); },
    get dissections() { return new Map([...pipeline.dissect.entries()].map(({ protocol, reason, count }) => [`${protocol}/${reason}`, count])); },
    get entryProblems() { return new Map([...pipeline.entries.counters.reasons()].map(({ source, reason, count }) => [`${source}/${reason}`, count])); },
  }, {
    entryProblems: 'Entries of logs and flow exports that were not used, or only in part, by source/reason.',
    captureProblems: 'What the capture library could not use, or only in part, by layer/reason.',
    dissections: { help: 'Messages, malformed input and bounds that bit, by protocol/reason.', label: 'outcome' },
  });
  metrics.gauge('telltale_probe_names', 'Names in the passive DNS cache.', () => pipeline.names.size);
}
