import type { Admin, Kafka } from 'kafkajs';
import type { SourceCounters } from './counters.ts';
import type { TransportLogger } from './logger.ts';

export interface PartitionProgressOptions {
  readonly topic: string;
  readonly groupId: string;
  /** Its `lag` and `lost` are updated. */
  readonly counters: SourceCounters;
  readonly logger: TransportLogger;
  /** How often the end offsets of the partitions are queried. */
  readonly intervalMillis: number;
}

/**
 * The progress of a member of a consumer group in the partitions assigned to it.
 *
 * The end offsets of the partitions are queried independently of reading: a consumer whose handler waits reads nothing, and would never learn how far
 * it falls behind. Messages that retention deleted before they were read show as a gap between the group's offset and the first message.
 */
export class PartitionProgress {
  readonly #admin: Admin;
  readonly #options: PartitionProgressOptions;
  /** Offset after the last confirmed message, by partition; absent if the group has not confirmed any yet. */
  readonly #positions = new Map<number, number>();
  #assigned: ReadonlySet<number> = new Set();
  #known: Promise<void> = Promise.resolve();
  #measuring: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(kafka: Kafka, options: PartitionProgressOptions) {
    this.#admin = kafka.admin();
    this.#options = options;
  }

  /** Settles when the group's offsets of the most recently assigned partitions have been read, or cannot be. Never rejects. */
  get known(): Promise<void> {
    return this.#known;
  }

  /** Call before joining the group: kafkajs discards the group's offset if the message at it no longer exists. Rejects if it cannot be read. */
  async open(): Promise<void> {
    await this.#admin.connect();
    await this.#readPositions();
    this.#timer = setInterval(() => this.#measureSoon(), this.#options.intervalMillis);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#known;
    await this.#measuring;
    await this.#admin.disconnect();
  }

  /** The group was rebalanced; others may have read from these partitions in between. */
  assigned(partitions: readonly number[]): void {
    const { lag } = this.#options.counters;
    for (const partition of Object.keys(lag)) delete lag[Number(partition)];
    this.#assigned = new Set(partitions);
    this.#known = this.#readPositions().catch((error: Error) => {
      const { topic, logger } = this.#options;
      logger.warn({ topic, error: error.message }, 'the offsets of the group cannot be read: messages that are deleted unread will not be noticed');
    }).then(() => this.#measureSoon());
  }

  /** A fetch of the partition begins with the message at `offset`. */
  read(partition: number, offset: number): void {
    const expected = this.#positions.get(partition) ?? offset;
    if (offset <= expected) return;
    const { topic, counters, logger } = this.#options;
    const lost = offset - expected;
    counters.lost += lost;
    const fields = { topic, partition, offset: expected, lost };
    logger.error(fields, 'messages were deleted before they were read: the retention of the topic was shorter than the delay');
    this.#positions.set(partition, offset);
  }

  /** All messages before `next` are confirmed; the partition ended at `end` when it was last fetched. */
  confirmed(partition: number, next: number, end: number): void {
    this.#positions.set(partition, next);
    this.#options.counters.lag[partition] = end - next;
  }

  async #readPositions(): Promise<void> {
    const { topic, groupId } = this.#options;
    const [offsets] = await this.#admin.fetchOffsets({ groupId, topics: [topic] });
    for (const { partition, offset } of offsets!.partitions) {
      // Negative: none. A batch confirmed in the meantime is ahead of the response.
      if (Number(offset) >= 0) this.#positions.set(partition, Math.max(Number(offset), this.#positions.get(partition) ?? 0));
    }
  }

  #measureSoon(): void {
    this.#measuring ??= this.#measure().finally(() => { this.#measuring = undefined; });
  }

  async #measure(): Promise<void> {
    const { topic, counters, logger } = this.#options;
    try {
      for (const { partition, low, high } of await this.#admin.fetchTopicOffsets(topic)) {
        const next = Math.max(Number(low), this.#positions.get(partition) ?? 0);
        if (this.#assigned.has(partition)) counters.lag[partition] = Math.max(0, Number(high) - next);
      }
    } catch (error) {
      logger.debug({ topic, error: (error as Error).message }, 'the ends of the partitions cannot be asked for; the lag stays as it was');
    }
  }
}
