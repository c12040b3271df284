import { parseArgs } from 'node:util';
import { kafkaConnection, runService } from '#runtime';
import { KafkaFindingSource } from '#transport';
import { reportSource } from '../operations/operations.ts';
import { alerterService } from './service.ts';

/**
 * Runs the alerter as this process: findings from Kafka are grouped, written down, confirmed, and delivered.
 *
 * @param configurationFile YAML; see docs/configuration.md.
 */
export function runAlerter(configurationFile?: string): Promise<never> {
  return runService(alerterService(({ configuration, logger, metrics }) => {
    const connection = { ...kafkaConnection(configuration.kafka, 'telltale-alerter'), logger };
    // Small batches: one that is read again must be within the findings that are remembered.
    const source = new KafkaFindingSource(connection, { groupId: 'telltale-alerter', maxBatchRecords: 1000 });
    reportSource(metrics, 'findings', source.counters);
    return source;
  }), configurationFile);
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  await runAlerter(values.config);
}
