/** A consumer process that never confirms what it received, to be killed. It prints the number of records in each batch, one per line. */
import { KafkaFlowSource } from '#transport';

const [brokers, topic, groupId] = process.argv.slice(2) as [string, string, string];
const source = new KafkaFlowSource({ brokers: brokers.split(','), clientId: 'hanging' }, { topic, groupId, sessionTimeoutMillis: 6_000 });
await source.run((records) => {
  process.stdout.write(`${records.length}\n`);
  return new Promise(() => undefined);
});
