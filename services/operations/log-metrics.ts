import type { Metrics } from '#runtime';
import type { SinkCounters, SourceCounters } from '#transport';

/** Reports what a source of the log has read; `log` is `flows` or `findings`. */
export function reportSource(metrics: Metrics, log: string, counters: SourceCounters): void {
  metrics.counts('source', counters, {
    records: 'Records that were handled and confirmed.', batches: 'Batches they came in.', messages: 'Messages read.',
    retries: 'Batches handed over again because handling them failed.', restarts: 'Times the consumer group was joined anew after an error.',
    deadLetters: 'Messages sent to the dead-letter topic.', lost: 'Messages that the log deleted before they were read.', handlerSeconds: 'Time spent in handling.',
  }, { log });
  metrics.gauge('telltale_source_lag', 'Messages in the log behind the last one confirmed.', () => counters.lag, { log }, 'partition');
}

/** Reports what a sink of the log has sent; `log` is `flows` or `findings`. */
export function reportSink(metrics: Metrics, log: string, counters: SinkCounters): void {
  metrics.counts('sink', counters, {
    records: 'Records accepted durably.', messages: 'Messages that held them.', bytes: 'Bytes of those messages.', retries: 'Attempts that failed and were repeated.',
    deadLetters: 'Records sent to the dead-letter topic instead.', rejected: 'Records in sends that were rejected.',
  }, { log });
  metrics.gauge('telltale_sink_queued_records', 'Records that wait or are on their way.', () => counters.queuedRecords, { log });
}
