import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type IHeaders } from 'kafkajs';
import {
  ensureTopics, KafkaFlowSink, KafkaFlowSource, type KafkaConnection, type KafkaSinkOptions, type KafkaSourceOptions, type TransportLogger,
} from '#transport';

/** A message as any client sees it. */
interface Observed {
  readonly partition: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, string>;
}

/** Topics and a consumer group for one test, everything that was opened on them, and everything that was logged. */
export class KafkaFixture implements AsyncDisposable {
  readonly topic = `flows-${randomUUID()}`;
  readonly deadLetterTopic = `dead-letters-${randomUUID()}`;
  readonly groupId = `group-${randomUUID()}`;
  readonly logged: string[] = [];
  readonly connection: KafkaConnection;
  readonly client: Kafka;
  readonly #opened: { close(): Promise<void> }[] = [];

  private constructor(brokers: string[]) {
    const log = (fields: object, message: string): void => void this.logged.push(`${message} ${JSON.stringify(fields)}`);
    const logger: TransportLogger = { debug: log, info: log, warn: log, error: log };
    this.connection = { brokers, clientId: 'test', logger };
    this.client = new Kafka({ brokers, clientId: 'observer', logLevel: logLevel.NOTHING });
  }

  static async create(brokers: string[], partitions = 4): Promise<KafkaFixture> {
    const fixture = new KafkaFixture(brokers);
    const common = { replicationFactor: 1, retentionMillis: 3_600_000, compression: 'uncompressed' } as const;
    const { topic, deadLetterTopic } = fixture;
    await ensureTopics(fixture.connection, [{ topic, partitions, ...common }, { topic: deadLetterTopic, partitions: 1, ...common }]);
    return fixture;
  }

  sink(options: KafkaSinkOptions = {}): KafkaFlowSink {
    return this.#keep(new KafkaFlowSink(this.connection, { topic: this.topic, deadLetterTopic: this.deadLetterTopic, ...options }));
  }

  source(options: Partial<KafkaSourceOptions> = {}): KafkaFlowSource {
    const { topic, deadLetterTopic, groupId } = this;
    const defaults = { topic, deadLetterTopic, groupId, sessionTimeoutMillis: 6_000, maxWaitMillis: 50 };
    return this.#keep(new KafkaFlowSource(this.connection, { ...defaults, ...options }));
  }

  /** Offsets that the group has committed, by partition; -1 is none. */
  async committed(): Promise<number[]> {
    const admin = this.client.admin();
    await admin.connect();
    try {
      const [offsets] = await admin.fetchOffsets({ groupId: this.groupId, topics: [this.topic] });
      return offsets!.partitions.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset));
    } finally {
      await admin.disconnect();
    }
  }

  /** Offset after the last message, by partition. */
  async ends(): Promise<number[]> {
    const admin = this.client.admin();
    await admin.connect();
    try {
      const offsets = await admin.fetchTopicOffsets(this.topic);
      return offsets.toSorted((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
    } finally {
      await admin.disconnect();
    }
  }

  async produce(values: readonly Buffer[], partition = 0): Promise<void> {
    const producer = this.client.producer();
    await producer.connect();
    await producer.send({ topic: this.topic, messages: values.map((value) => ({ value, partition })) });
    await producer.disconnect();
  }

  /** Deletes the messages of a partition before the one at `offset`, as retention does. */
  async deleteBefore(offset: number, partition = 0): Promise<void> {
    const admin = this.client.admin();
    await admin.connect();
    try {
      await admin.fetchTopicOffsets(this.topic); // kafkajs learns the partitions' leaders from earlier requests
      await admin.deleteTopicRecords({ topic: this.topic, partitions: [{ partition, offset: String(offset) }] });
    } finally {
      await admin.disconnect();
    }
  }

  /** The first `count` messages of a topic. */
  async messages(topic: string, count: number): Promise<Observed[]> {
    const consumer = this.client.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 50 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    try {
      return await new Promise((resolve) => {
        const found: Observed[] = [];
        void consumer.run({
          eachMessage: async ({ partition, message: { key, value, headers } }) => {
            found.push({ partition, key: key?.toString() ?? null, value, headers: textOf(headers ?? {}) });
            if (found.length === count) resolve(found);
          },
        });
      });
    } finally {
      await consumer.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((each) => each.close()));
  }

  #keep<Opened extends { close(): Promise<void> }>(opened: Opened): Opened {
    this.#opened.push(opened);
    return opened;
  }
}

function textOf(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
