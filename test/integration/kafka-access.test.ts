/** Logins and rights that Kafka refuses: what is said, and that it goes on as soon as they are granted. On a real Kafka with its own authorizer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import kafkajs, { Kafka, logLevel, type Admin } from 'kafkajs';
import type { FlowRecord } from '#flow';
import { ensureTopics, KafkaFlowSink, KafkaFlowSource, TransportError, type KafkaConnection } from '#transport';
import { findJavaAndMaven, startLocalKafka } from '../support/kafka-local.ts';
import { recordsOf, subjects } from '../support/kafka-records.ts';
import type { TestKafka } from '../support/kafka.ts';
import { until } from '../support/until.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const topic = 'flows', deadLetterTopic = 'dead-letters', groupId = 'detectors';
const missing = await findJavaAndMaven();
const skip = missing === null ? false : `no Kafka whose rights are ours to give: ${missing}`;
let kafka: TestKafka;
let admin: Admin;

before(async () => {
  if (skip) return;
  kafka = await startLocalKafka([['admin', 'admin-password'], ['telltale', 'right']]);
  admin = new Kafka({ ...connectionOf('admin', 'admin-password'), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [topic, deadLetterTopic].map((name) => ({ topic: name, numPartitions: 2, replicationFactor: 1 })) });
});
after(async () => {
  if (skip) return;
  await admin.disconnect();
  await kafka[Symbol.asyncDispose]();
});

function connectionOf(username: string, password: string): KafkaConnection {
  return { brokers: kafka.brokers, clientId: 'test', sasl: { mechanism: 'plain', username, password } };
}

function grant(operation: 'READ' | 'WRITE', resourceType: 'TOPIC' | 'GROUP', resourceName: string): Promise<boolean> {
  return admin.createAcls({ acl: [{
    resourceType: AclResourceTypes[resourceType], resourceName, resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:telltale', host: '*', operation: AclOperationTypes[operation], permissionType: AclPermissionTypes.ALLOW,
  }] });
}

/** A connection and what is logged on it from `info` on. */
function watched(password: string): { connection: KafkaConnection; said: string[] } {
  const said: string[] = [];
  const say = (fields: object, message: string): void => void said.push(`${message}: ${(fields as { error?: string }).error ?? ''}`);
  return { connection: { ...connectionOf('telltale', password), logger: { debug() {}, info: say, warn: say, error: say } }, said };
}

test('a wrong password is told once, with what to check, however often it is tried', { skip }, async () => {
  const { connection, said } = watched('wrong');
  const sink = new KafkaFlowSink(connection, { topic, patienceMillis: 0 });
  const sending = assert.rejects(sink.send(recordsOf(subjects, 1)), (error) => error instanceof TransportError && error.code === 'closed');
  await until('it was tried four times', () => sink.counters.retries >= 4);
  const refused = `Kafka at ${kafka.brokers[0]} refuses the login of user telltale: SASL PLAIN authentication failed: `
    + 'Authentication failed: Invalid username or password. Check kafka.sasl';
  assert.throws(() => sink.check(), { message: refused });
  await sink.close();
  await sending;
  assert.deepEqual(said, [
    `sending to Kafka failed: retrying until it succeeds: ${refused}`, 'the process ends before Kafka accepted these records: ',
  ]);
  assert.ok(!said.join().includes('wrong'), 'no password in the log');
  await assert.rejects(ensureTopics(connection), (error) => error instanceof TransportError && error.message === refused);
});

test('rights that are missing are named, and what waits for them goes on when they are granted', { skip }, async () => {
  const name = `Kafka at ${kafka.brokers[0]}`;
  const writer = watched('right');
  await assert.rejects(ensureTopics(writer.connection), {
    message: `${name} refuses user telltale the topic telltale.dead-letters.v1: grant CREATE and DESCRIBE on it`,
  });

  const sink = new KafkaFlowSink(writer.connection, { topic, deadLetterTopic });
  const sending = sink.send(recordsOf(subjects, 1));
  const mayNotWrite = `${name} refuses user telltale the topic flows: grant WRITE on it`;
  await until('it was tried three times', () => sink.counters.retries >= 3);
  assert.throws(() => sink.check(), { message: mayNotWrite });
  await grant('WRITE', 'TOPIC', topic);
  await sending;
  sink.check();
  assert.deepEqual(writer.said, [`sending to Kafka failed: retrying until it succeeds: ${mayNotWrite}`, 'sending to Kafka goes on: ']);
  await sink.close();

  const reader = watched('right');
  const source = new KafkaFlowSource(reader.connection, { topic, deadLetterTopic, groupId, maxWaitMillis: 50, sessionTimeoutMillis: 6_000 });
  const read: FlowRecord[] = [];
  const running = source.run(async (records) => void read.push(...records));
  const mayNotJoin = `${name} names no coordinator of the group detectors: user telltale needs READ on it, or Kafka is still starting`;
  const mayNotRead = `${name} refuses user telltale the topic flows: grant READ on it`;
  await until('the group is refused', () => source.trouble === mayNotJoin);
  await grant('READ', 'GROUP', groupId);
  await until('the topic is refused, to a member of the group', () => source.trouble === mayNotRead && source.counters.restarts >= 4);
  await grant('READ', 'TOPIC', topic);
  await until('all is read', () => read.length === subjects.length);
  assert.equal(source.trouble, '');
  await source.close();
  await running;
  const failed = 'reading from Kafka failed: retrying until it succeeds';
  const said = reader.said.filter((line) => !line.includes('coordinator is loading')); // as a broker's first group may have to wait for
  assert.deepEqual(said.slice(0, 3), [`${failed}: ${mayNotJoin}`, `${failed}: ${mayNotRead}`, 'reading from Kafka goes on: ']);
});
