import { setImmediate as nextTask } from 'node:timers/promises';
import { Partitioners, type Kafka, type Message, type Producer } from 'kafkajs';
import type { Finding, FlowRecord } from '#flow';
import { Admission } from './admission.ts';
import { backoff } from './backoff.ts';
import { countReason, createSinkCounters, type SinkCounters } from './counters.ts';
import { DeadLetters } from './dead-letters.ts';
import { isRetriable, TransportError } from './errors.ts';
import { findingFormat, flowFormat, PayloadError, type Format } from './formats.ts';
import { createKafka, type KafkaConnection } from './kafka-client.ts';
import type { FindingSink, FlowSink, RecordSink } from './log.ts';
import { silentLogger, type TransportLogger } from './logger.ts';
import { Outage } from './outage.ts';
import { PartitionQueue, Ticket } from './partition-queue.ts';
import { Partitioning } from './partitioning.ts';
import { isRefusal } from './refusal.ts';
import { topics } from './topics.ts';

export interface KafkaSinkOptions {
  readonly topic?: string;
  readonly deadLetterTopic?: string;
  /** Records accepted but not acknowledged; further sends wait. Default 50 000. */
  readonly maxQueuedRecords?: number;
  /** Sends that may wait for room; further ones are rejected with `queue_full`. Default 64. */
  readonly maxWaitingSends?: number;
  /** Bytes per partition in one request, below the topic's max.message.bytes to leave room for framing. Default 900 000. */
  readonly maxMessageBytes?: number;
  /** How long a draining or closing sink waits while the brokers accept nothing. Default 5 000. */
  readonly patienceMillis?: number;
}

/** Error types with which brokers reject a message, or a request, for its size. */
const tooLarge: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const leastMessageBytes = 1024;
/** How often a draining sink checks whether the brokers still accept records, milliseconds. */
const clockMillis = 100;

/** Messages for one partition in one request, and the number of records in them. */
interface Parcel<T> {
  readonly partition: number;
  readonly queue: PartitionQueue<T>;
  readonly messages: Message[];
  readonly records: number;
  readonly bytes: number;
}

/**
 * Writes records to a Kafka topic, many per message, acknowledged by all in-sync replicas.
 *
 * kafkajs sends whatever it is given at once, so the batching is done here: records sent while a request is in flight wait and go out together with
 * the next one. There is never a second request in flight, and a failed request is retried before anything queued after it, which preserves each
 * subject's order. A retried request may write its records twice; since record ids are functions of the content, the store keeps only one. (kafkajs's
 * idempotent producer would avoid the duplicates, but it is experimental and cannot continue after the brokers have forgotten its producer id.)
 */
export class KafkaSink<T> implements RecordSink<T> {
  readonly counters: SinkCounters = createSinkCounters();
  readonly #format: Format<T>;
  readonly #topic: string;
  #maxMessageBytes: number;
  readonly #patienceMillis: number;
  readonly #logger: TransportLogger;
  readonly #kafka: Kafka;
  readonly #producer: Producer;
  readonly #deadLetters: DeadLetters;
  readonly #admission: Admission;
  readonly #outage: Outage;
  readonly #stopping = new AbortController();
  /** Sent, but not yet distributed over the partitions. */
  #inbox: { records: readonly T[]; ticket: Ticket }[] = [];
  #partitioning: Partitioning | null = null;
  #queues: PartitionQueue<T>[] = [];
  #unsettled = new Set<Ticket>();
  #running = false;
  #closed = false;
  /** When brokers last accepted records, or when the first of the records now waiting was sent. */
  #movedAt = 0;
  #draining: NodeJS.Timeout | undefined;

  constructor(format: Format<T>, connection: KafkaConnection, options: KafkaSinkOptions = {}) {
    this.#format = format;
    this.#topic = options.topic ?? format.topic;
    this.#maxMessageBytes = options.maxMessageBytes ?? 900_000;
    this.#patienceMillis = options.patienceMillis ?? 5_000;
    this.#logger = connection.logger ?? silentLogger;
    this.#outage = new Outage(this.#logger, { connection, operation: 'WRITE', topic: this.#topic }, 'sending to Kafka');
    this.#kafka = createKafka(connection);
    this.#producer = this.#kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      maxInFlightRequests: 1,
      // Retries are done here, where they can be counted, logged and stopped.
      retry: { retries: 0 },
    });
    this.#deadLetters = new DeadLetters(connection, options.deadLetterTopic ?? topics.deadLetters);
    this.#admission = new Admission(options.maxQueuedRecords ?? 50_000, options.maxWaitingSends ?? 64);
  }

  async send(records: readonly T[]): Promise<void> {
    await this.#admission.run(records.length, this.counters, () => this.#assertOpen(), () => this.#accepted(records));
  }

  /** @throws {Error} while records wait because the brokers do not accept them */
  check(): void {
    if (this.#outage.reason !== '') throw new Error(this.#outage.reason);
  }

  /**
   * The process is about to end: pending records are still sent as long as the brokers accept them; if they do not, the records are soon rejected.
   */
  drain(): void {
    const lookAtClock = (): void => {
      if (this.#unsettled.size > 0 && performance.now() - this.#movedAt > this.#patienceMillis) this.#giveUp();
    };
    this.#draining ??= setInterval(lookAtClock, clockMillis).unref();
    lookAtClock();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#admission.close();
    this.drain();
    await Promise.allSettled([...this.#unsettled].map(({ settled }) => settled));
    clearInterval(this.#draining);
    this.#stopping.abort();
    const { closed: records } = this.counters.rejected;
    if (records) this.#logger.error({ topic: this.#topic, records }, 'the process ends before Kafka accepted these records');
    await Promise.all([this.#producer.disconnect(), this.#deadLetters.close()]);
  }

  #assertOpen(): void {
    if (this.#closed || this.#stopping.signal.aborted) throw new TransportError('closed', 'the sink is closed');
  }

  async #accepted(records: readonly T[]): Promise<void> {
    const ticket = new Ticket(records.length);
    if (this.#unsettled.size === 0) this.#movedAt = performance.now();
    this.#unsettled.add(ticket);
    this.#inbox.push({ records, ticket });
    void this.#run();
    try {
      await ticket.settled;
    } catch (error) {
      countReason(this.counters.rejected, (error as TransportError).code, ticket.remaining);
      throw error;
    } finally {
      this.#unsettled.delete(ticket);
    }
  }

  #giveUp(): void {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#rejectAll(new TransportError('closed', 'the sink was closed before the brokers acknowledged'));
  }

  /** Sends one request after the other until nothing is left, then ends; the next send starts it again. */
  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#hasWork()) {
      try {
        await this.#sendRequest();
        this.#outage.ended();
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        if (this.#takesLess(error)) continue;
        if (isRetriable(error) || isRefusal(error)) await this.#pause(error);
        else this.#rejectAll(refusal(error as Error));
      }
    }
    this.#running = false;
  }

  /** If the brokers only accept smaller messages, halves the maximum size from now on; a record too large for it becomes a dead letter. */
  #takesLess(error: unknown): boolean {
    if (!tooLarge.has((error as { type?: string }).type ?? '') || this.#maxMessageBytes <= leastMessageBytes) return false;
    this.#maxMessageBytes = Math.max(leastMessageBytes, this.#maxMessageBytes >> 1);
    this.#logger.warn(
      { topic: this.#topic, bytes: this.#maxMessageBytes },
      'the brokers accept only smaller messages than usual: larger ones are no longer sent; raise max.message.bytes of the topic',
    );
    return true;
  }

  #hasWork(): boolean {
    return this.#inbox.length > 0 || this.#queues.some((queue) => queue.length > 0);
  }

  async #pause(error: unknown): Promise<void> {
    this.counters.retries++;
    this.#outage.failed(error);
    await backoff(this.#outage.failures, this.#stopping.signal);
  }

  async #sendRequest(): Promise<void> {
    await this.#connect();
    this.#distribute();
    const parcels: Parcel<T>[] = [];
    for (let partition = 0; partition < this.#queues.length; partition++) {
      if (this.#queues[partition]!.length === 0) continue;
      // Packing is synchronous work of some milliseconds: yield to other tasks in between.
      await nextTask();
      const parcel = await this.#parcelOf(partition);
      if (parcel !== null) parcels.push(parcel);
    }
    if (parcels.length === 0) return;
    const messages = parcels.flatMap((parcel) => parcel.messages);
    const acknowledged = new Set((await this.#producer.send({ topic: this.#topic, acks: -1, messages })).map(({ partition }) => partition));
    for (const { partition, queue, messages: { length }, records, bytes } of parcels) {
      // If a partition's leader changes during a request, kafkajs may resolve without having sent the messages for that partition.
      if (!acknowledged.has(partition)) continue;
      this.counters.records += records;
      this.counters.messages += length;
      this.counters.bytes += bytes;
      this.#movedAt = performance.now();
      queue.drop(records);
    }
    if (acknowledged.size < parcels.length) throw new Error('not all partitions have acknowledged');
  }

  async #connect(): Promise<void> {
    if (this.#partitioning !== null) return;
    await this.#producer.connect();
    this.#partitioning = await Partitioning.read(this.#kafka, this.#topic);
    this.#queues = Array.from({ length: this.#partitioning.count }, () => new PartitionQueue());
  }

  #distribute(): void {
    for (const { records, ticket } of this.#inbox) {
      const byPartition = new Map<number, T[]>();
      for (const record of records) {
        const partition = this.#partitioning!.partitionOf(this.#format.subjectOf(record));
        const others = byPartition.get(partition);
        if (others) others.push(record);
        else byPartition.set(partition, [record]);
      }
      for (const [partition, part] of byPartition) this.#queues[partition]!.push(part, ticket);
    }
    this.#inbox = [];
  }

  /** The part of a partition's queue that goes into the next request; null if nothing is left. Records that cannot be written become dead letters. */
  async #parcelOf(partition: number): Promise<Parcel<T> | null> {
    const queue = this.#queues[partition]!;
    const messages: Message[] = [];
    let records = 0;
    let bytes = 0;
    while (records < queue.length) {
      const packed = this.#pack(queue, records, this.#maxMessageBytes - bytes);
      if (!(packed instanceof PayloadError)) {
        messages.push({ key: packed.key, value: packed.value, partition });
        records += packed.count;
        bytes += packed.value.length;
        // Another one of this size would not fit, so do not try.
        if (bytes + packed.value.length > this.#maxMessageBytes) break;
      } else if (messages.length > 0) {
        break;
      } else {
        await this.#bury(partition, queue, packed);
      }
    }
    return messages.length === 0 ? null : { partition, queue, messages, records, bytes };
  }

  /** As many records from position `start` on as fit into one message of at most `maxBytes`; the error if not even one does. */
  #pack(queue: PartitionQueue<T>, start: number, maxBytes: number): { key: string | null; value: Buffer; count: number } | PayloadError {
    let error = new PayloadError('too_large', `the record alone exceeds ${maxBytes} bytes`);
    for (let count = Math.min(this.#format.recordsPerMessage, queue.length - start); count >= 1; count >>= 1) {
      const records = queue.peek(start, count);
      try {
        const value = this.#format.pack(records);
        const key = this.#format.recordsPerMessage === 1 ? this.#format.subjectOf(records[0]!) : null;
        if (value.length <= maxBytes) return { key, value, count };
      } catch (thrown) {
        if (!(thrown instanceof PayloadError)) throw thrown;
        error = thrown;
      }
    }
    return error;
  }

  /** Replaces the first record of a partition's queue with a dead letter. */
  async #bury(partition: number, queue: PartitionQueue<T>, { code, message }: PayloadError): Promise<void> {
    await this.#deadLetters.send([{ reason: code, topic: this.#topic, partition, offset: '', payload: null }]);
    countReason(this.counters.deadLetters, code);
    this.#logger.error({ topic: this.#topic, reason: code, error: message }, 'a record cannot be written and was sent as a dead letter');
    queue.drop(1);
  }

  #rejectAll(error: TransportError): void {
    this.#inbox = [];
    this.#queues = this.#queues.map(() => new PartitionQueue());
    for (const ticket of this.#unsettled) ticket.reject(error);
    this.#admission.refuseWaiting(error);
  }
}

function refusal(cause: Error): TransportError {
  return new TransportError('refused', `the brokers refuse the records: ${cause.message}`, { cause });
}

/** Flow records to `telltale.flows.v1`, in the format of #wire. */
export class KafkaFlowSink extends KafkaSink<FlowRecord> implements FlowSink {
  constructor(connection: KafkaConnection, options?: KafkaSinkOptions) {
    super(flowFormat, connection, options);
  }
}

/** Findings to `telltale.findings.v1`, one JSON object per message, keyed by subject. */
export class KafkaFindingSink extends KafkaSink<Finding> implements FindingSink {
  constructor(connection: KafkaConnection, options?: KafkaSinkOptions) {
    super(findingFormat, connection, options);
  }
}
