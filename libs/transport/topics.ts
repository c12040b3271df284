import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { isRetriable, TransportError } from './errors.ts';
import { createKafka, type KafkaConnection } from './kafka-client.ts';
import { refusalOf } from './refusal.ts';

/** Topic names contain the version of their content: a change that older consumers cannot read gets a new topic. */
export const topics = {
  flows: 'telltale.flows.v1',
  findings: 'telltale.findings.v1',
  deadLetters: 'telltale.dead-letters.v1',
} as const;

export interface TopicOptions {
  readonly topic: string;
  /** Upper bound on how many consumers of a group share the work. Adding partitions later moves subjects: see docs/decisions/0001-wire-codec.md. */
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly retentionMillis: number;
  /**
   * How brokers treat compression by producers. Flow records are compressed within the message, so brokers store them unchanged; and whatever
   * compression a foreign producer uses, consumers never receive one they cannot decompress.
   */
  readonly compression: 'uncompressed' | 'gzip';
}

const day = 24 * 60 * 60 * 1000;

/** Largest record batch that the topics accept, in bytes. A sink stays below it: see {@link KafkaSinkOptions.maxMessageBytes}. */
export const maxMessageBytes = 1024 * 1024;

export const defaultTopics: readonly TopicOptions[] = [
  { topic: topics.flows, partitions: 12, replicationFactor: 1, retentionMillis: 3 * day, compression: 'uncompressed' },
  { topic: topics.findings, partitions: 6, replicationFactor: 1, retentionMillis: 14 * day, compression: 'gzip' },
  { topic: topics.deadLetters, partitions: 1, replicationFactor: 1, retentionMillis: 14 * day, compression: 'gzip' },
];

/** Creates those of `wanted` that do not exist, and returns their names. Existing topics are left unchanged. */
export async function ensureTopics(connection: KafkaConnection, wanted: readonly TopicOptions[] = defaultTopics): Promise<string[]> {
  try {
    return await createMissing(connection, wanted);
  } catch (error) {
    const [first] = (error as { errors?: (Error & { topic: string })[] }).errors ?? [error as Error & { topic?: string }];
    const refusal = refusalOf(first, {
      connection, operation: 'CREATE and DESCRIBE', topic: first?.topic ?? wanted.map(({ topic }) => topic).join(', '),
    });
    throw refusal === null ? error : new TransportError('refused', refusal, { cause: error });
  }
}

async function createMissing(connection: KafkaConnection, wanted: readonly TopicOptions[]): Promise<string[]> {
  const admin = createKafka(connection).admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const missing = wanted.filter(({ topic }) => !existing.has(topic));
    // Returns false, without throwing, if another process has just created them.
    if (missing.length > 0) await admin.createTopics({ waitForLeaders: false, topics: missing.map(topicConfig) });
    await leadersAnswer(admin, missing.map(({ topic }) => topic));
    return missing.map(({ topic }) => topic);
  } finally {
    await admin.disconnect();
  }
}

/**
 * Waits until the leader of each partition responds, for at most 30 s. (kafkajs's own `waitForLeaders` asks one broker for its metadata: it fails if
 * that broker has not yet heard of the topic, and does not tell whether the leaders are ready.)
 */
async function leadersAnswer(admin: Admin, names: string[]): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (const name of names) {
    for (;;) {
      try {
        await admin.fetchTopicOffsets(name);
        break;
      } catch (error) {
        if (!isRetriable(error)) throw error;
        if (Date.now() > deadline) throw new TransportError('unavailable', `the partitions of ${name} were not ready within 30 s`, { cause: error });
      }
      await sleep(100);
    }
  }
}

function topicConfig({ topic, partitions, replicationFactor, retentionMillis, compression }: TopicOptions) {
  const configEntries = [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: String(retentionMillis) },
    { name: 'compression.type', value: compression },
    { name: 'max.message.bytes', value: String(maxMessageBytes) },
    { name: 'min.insync.replicas', value: replicationFactor > 2 ? '2' : '1' },
  ];
  return { topic, numPartitions: partitions, replicationFactor, configEntries };
}
