import { Partitioners, type Kafka, type PartitionMetadata } from 'kafkajs';

const rememberedSubjects = 65_536;

/**
 * Determines the partition of a subject's records: murmur2 of the address, as every Kafka client does for a message with that key.
 *
 * The number of partitions is read once. Partitions added later are used after a restart, so that no subject moves while its records are in flight.
 */
export class Partitioning {
  readonly count: number;
  readonly #topic: string;
  readonly #place = Partitioners.DefaultPartitioner();
  readonly #metadata: PartitionMetadata[];
  readonly #known = new Map<string, number>();

  private constructor(topic: string, metadata: PartitionMetadata[]) {
    this.#topic = topic;
    this.#metadata = metadata;
    this.count = metadata.length;
  }

  static async read(kafka: Kafka, topic: string): Promise<Partitioning> {
    const admin = kafka.admin();
    await admin.connect();
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return new Partitioning(topic, topics[0]!.partitions);
    } finally {
      await admin.disconnect();
    }
  }

  partitionOf(subject: string): number {
    const known = this.#known.get(subject);
    if (known !== undefined) return known;
    const partition = this.#place({ topic: this.#topic, partitionMetadata: this.#metadata, message: { key: subject, value: null } });
    if (this.#known.size >= rememberedSubjects) this.#known.clear();
    this.#known.set(subject, partition);
    return partition;
  }
}
