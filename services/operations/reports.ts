import type { Metrics } from '#runtime';
import type { StoreCounters } from '#store';
import type { SinkCounters, SourceCounters } from '#transport';
import type { DetectorCounters } from '../detector/detector.ts';
import type { ProbePipeline } from '../probe/pipeline.ts';

/** What the parts of a service count, as its metrics. `log` is which log is meant: `flows` or `findings`. */

export function reportSource(metrics: Metrics, log: string, counters: SourceCounters): void {
  metrics.counts('source', counters, {
    records: 'Records that the handler confirmed.',
    batches: 'Batches in which it got them.',
    messages: 'Messages read.',
    retries: 'Batches handed over again because the handler failed.',
    restarts: 'Times the consumer group was left because of an error and joined anew.',
    deadLetters: 'Messages that could not be decoded and went to the dead-letter topic.',
    handlerSeconds: 'Seconds spent in the handler.',
  }, { log });
  metrics.gauge('telltale_source_lag_messages', 'Messages in the log behind the last one confirmed, over the assigned partitions.',
    () => Object.values(counters.lag).reduce((sum, lag) => sum + lag, 0), { log });
}

export function reportSink(metrics: Metrics, log: string, counters: SinkCounters): void {
  metrics.counts('sink', counters, {
    records: 'Records accepted durably.',
    messages: 'Messages that held them.',
    bytes: 'Bytes of those messages.',
    retries: 'Attempts that failed and were repeated.',
    deadLetters: 'Records sent to the dead-letter topic instead.',
    rejected: 'Records in sends that were rejected.',
  }, { log });
  metrics.gauge('telltale_sink_queued_records', 'Records waiting or in flight.', () => counters.queuedRecords, { log });
}

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
  metrics.counts('probe', pipeline, { records: 'Flow records made.' });
  metrics.counts('identifiers', pipeline.identifiers, {
    recognised: { help: 'Identifiers recognised, by kind.', label: 'kind' },
    dropped: 'Identifiers over the bound of a message.',
    truncated: 'Texts and payloads of which only the beginning was read.',
    undecoded: 'Encoded values left alone because their message had reached its bound.',
  });
  metrics.counts('probe', {
    get captureProblems() { return new Map([...pipeline.capture.reasons()].map(({ layer, reason, count }) => [`${layer}/${reason}`, count])); },
    get dissections() { return new Map([...pipeline.dissect.entries()].map(({ protocol, reason, count }) => [`${protocol}/${reason}`, count])); },
  }, {
    captureProblems: 'What the capture library could not use, or only in part, by layer/reason.',
    dissections: { help: 'Messages, malformed input and bounds that bit, by protocol/reason.', label: 'outcome' },
  });
  metrics.gauge('telltale_probe_names', 'Names in the passive DNS cache.', () => pipeline.names.size);
}
