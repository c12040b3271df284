import type { Metrics } from '#runtime';
import type { SinkCounters, SourceCounters } from '#transport';

/** Registers the counters of a source; `log` is `flows` or `findings`. */
export function reportSource(metrics: Metrics, log: string, counters: SourceCounters): void {
  metrics.counts('source', counters, {
    records: 'Records handled and confirmed.', batches: 'Batches handled and confirmed.', messages: 'Messages read.',
    retries: 'Batches handled again after a failure.', restarts: 'Times the consumer group was rejoined after an error.',
    deadLetters: 'Messages sent to the dead-letter topic.', lost: 'Messages that the log deleted before they were read.',
    handlerSeconds: 'Seconds spent handling batches, failed attempts included.',
  }, { log });
  metrics.gauge('telltale_source_lag', 'Messages in the log after the last one confirmed.', () => counters.lag, { log }, 'partition');
}

/** Registers the counters of a sink; `log` is `flows` or `findings`. */
export function reportSink(metrics: Metrics, log: string, counters: SinkCounters): void {
  metrics.counts('sink', counters, {
    records: 'Records durably accepted.', messages: 'Messages durably accepted.', bytes: 'Bytes of the messages accepted.',
    retries: 'Attempts to send that failed and were retried.', deadLetters: 'Records sent to the dead-letter topic instead.',
    rejected: 'Records whose send failed.',
  }, { log });
  metrics.gauge('telltale_sink_queued_records', 'Records waiting or in flight.', () => counters.queuedRecords, { log });
}
