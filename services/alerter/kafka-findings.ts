import { kafkaConnection } from '#runtime';
import { KafkaFindingSource, type FindingSource } from '#transport';
import { reportSource } from '../operations/operations.ts';
import type { AlerterContext } from './service.ts';

/** Findings from Kafka, for the alerter as a separate service. */
export function kafkaFindings({ configuration, logger, metrics }: AlerterContext): FindingSource {
  const connection = { ...kafkaConnection(configuration.kafka, 'telltale-alerter'), logger };
  // Small batches, so that the findings of one that is read again are still remembered.
  const source = new KafkaFindingSource(connection, { groupId: 'telltale-alerter', maxBatchRecords: 1000 });
  reportSource(metrics, 'findings', source.counters);
  return source;
}
