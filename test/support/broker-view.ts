import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { topics } from '#transport';

/** A message as stored in a topic. */
export interface StoredMessage {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Record<string, string>;
}

/** What is in the brokers, seen by a client that is not part of Telltale. */
export class BrokerView implements AsyncDisposable {
  readonly #kafka: Kafka;
  readonly #admin: Admin;

  private constructor(brokers: readonly string[]) {
    this.#kafka = new Kafka({ brokers: [...brokers], clientId: 'observer', logLevel: logLevel.NOTHING });
    this.#admin = this.#kafka.admin();
  }

  static async open(brokers: readonly string[]): Promise<BrokerView> {
    const view = new BrokerView(brokers);
    await view.#admin.connect();
    return view;
  }

  /** Removes the services' topics and the offsets that groups have committed: a broker that several runs share may hold those of an earlier run. */
  async clear(): Promise<void> {
    const existing = await this.#admin.listTopics();
    const ours = Object.values(topics).filter((topic) => existing.includes(topic));
    if (ours.length > 0) await this.#admin.deleteTopics({ topics: ours });
  }

  /** Ids of the members of a group that share the partitions; none while these are being distributed. */
  async members(groupId: string): Promise<string[]> {
    const { groups } = await this.#admin.describeGroups([groupId]);
    const [group] = groups;
    return group?.state === 'Stable' ? group.members.map(({ memberId }) => memberId) : [];
  }

  /** Messages in a topic. */
  async count(topic: string): Promise<number> {
    return (await this.#ends(topic)).reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  }

  /** Messages that a group has not committed yet. */
  async lag(groupId: string, topic: string): Promise<number> {
    const [committed] = await this.#admin.fetchOffsets({ groupId, topics: [topic] });
    const offsets = new Map(committed!.partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]));
    return (await this.#ends(topic)).reduce((sum, { partition, high }) => sum + Number(high) - (offsets.get(partition) ?? 0), 0);
  }

  #ends(topic: string) {
    return this.#admin.fetchTopicOffsets(topic);
  }

  async produce(topic: string, partition: number, value: Buffer): Promise<void> {
    const producer = this.#kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ partition, value }] });
    await producer.disconnect();
  }

  /** All messages of a topic, decompressed. */
  async messages(topic: string): Promise<StoredMessage[]> {
    const count = await this.count(topic);
    if (count === 0) return [];
    const consumer = this.#kafka.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 50 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const found: StoredMessage[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        consumer.run({
          eachMessage: async ({ message: { key, value, headers } }) => {
            const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)] as const);
            found.push({ key: key?.toString() ?? '', value: value ?? Buffer.alloc(0), headers: Object.fromEntries(texts) });
            if (found.length === count) resolve();
          },
        }).catch(reject);
      });
    } finally {
      await consumer.disconnect();
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.disconnect();
  }
}
