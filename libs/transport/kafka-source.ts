import type { Consumer, EachBatchPayload } from 'kafkajs';
import type { Finding, FlowRecord } from '#flow';
import { backoff } from './backoff.ts';
import { countReason, createSourceCounters, type SourceCounters } from './counters.ts';
import { DeadLetters, type DeadLetter } from './dead-letters.ts';
import { isRetriable } from './errors.ts';
import { findingFormat, flowFormat, PayloadError, type Format } from './formats.ts';
import { Gatherer, type Gathering } from './gatherer.ts';
import { createKafka, type KafkaConnection } from './kafka-client.ts';
import type { FindingSource, FlowSource, RecordSource } from './log.ts';
import { silentLogger, type TransportLogger } from './logger.ts';
import { Outage } from './outage.ts';
import { PartitionProgress } from './partition-progress.ts';
import { isRefusal } from './refusal.ts';
import { topics } from './topics.ts';

export interface KafkaSourceOptions {
  /** Consumer group: its members share the partitions. */
  readonly groupId: string;
  readonly topic?: string;
  readonly deadLetterTopic?: string;
  /** A batch for the handler is full at this many records; the message that fills it is not split. Default 20 000. */
  readonly maxBatchRecords?: number;
  /** How long the brokers may delay a response that is smaller than `minFetchBytes`. Default 250. */
  readonly maxWaitMillis?: number;
  /** Default 65 536. */
  readonly minFetchBytes?: number;
  /** If no heartbeat arrives for this long, the brokers assign the partitions to another member. Default 30 000. */
  readonly sessionTimeoutMillis?: number;
  /** How often the end offsets of the partitions are queried. Default 10 000. */
  readonly lagIntervalMillis?: number;
  /** Called after a rebalance: other members may have read from the partitions now assigned here. */
  readonly onAssigned?: () => void;
}

/** Partitions of one topic that a consumer processes at the same time; further ones wait their turn. */
const concurrentPartitions = 64;

/** A message that cannot be decoded, and the reason; the text contains no payload. */
interface Unreadable extends DeadLetter {
  readonly error: string;
}

/** A partition's part in a batch for the handler. */
interface Origin {
  readonly payload: EachBatchPayload;
  messages: number;
  lastOffset: string;
  readonly unreadable: Unreadable[];
}

/**
 * Reads records from a Kafka topic, as a member of a consumer group.
 *
 * Messages of all partitions are gathered into large batches, which suit the store. When the handler has confirmed a batch, and the brokers have
 * acknowledged the dead letters of messages that could not be decoded, its offsets are committed. So an offset never gets ahead of the store; records
 * that were handled but not committed are delivered again, with the same ids. A batch whose handler fails is delivered again after a pause, for as
 * long as it takes: nothing is skipped.
 */
export class KafkaSource<T> implements RecordSource<T> {
  readonly counters: SourceCounters = createSourceCounters();
  readonly #format: Format<T>;
  readonly #connection: KafkaConnection;
  readonly #options: KafkaSourceOptions;
  readonly #topic: string;
  readonly #logger: TransportLogger;
  readonly #outage: Outage;
  readonly #deadLetters: DeadLetters;
  readonly #stopping = new AbortController();
  /** Why nothing is read, and why what was read is not confirmed; each empty if all is well. */
  #readTrouble = 'the brokers have not answered yet';
  #batchTrouble = '';
  /** The last session ended because Kafka refused something; only a session that reads disproves that. */
  #isRefused = false;
  #consumer: Consumer | null = null;
  #running: Promise<void> | null = null;

  constructor(format: Format<T>, connection: KafkaConnection, options: KafkaSourceOptions) {
    this.#format = format;
    this.#connection = connection;
    this.#options = options;
    this.#topic = options.topic ?? format.topic;
    this.#logger = connection.logger ?? silentLogger;
    this.#outage = new Outage(this.#logger, { connection, operation: 'READ', topic: this.#topic, group: options.groupId }, 'reading from Kafka');
    this.#deadLetters = new DeadLetters(connection, options.deadLetterTopic ?? topics.deadLetters);
  }

  get trouble(): string {
    return this.#batchTrouble || this.#readTrouble;
  }

  run(handle: (records: T[]) => Promise<void>): Promise<void> {
    this.#running ??= this.#runSessions(handle);
    return this.#running;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#consumer?.disconnect();
    await this.#running?.catch(() => undefined);
    await this.#deadLetters.close();
  }

  /** A session is a membership in the group. It ends with {@link close} or an error; after an error the next one begins. */
  async #runSessions(handle: (records: T[]) => Promise<void>): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const batchesBefore = this.counters.batches;
      try {
        await this.#runSession(handle);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        if (!isRetriable(error) && !isRefusal(error)) throw error;
        failures = this.counters.batches > batchesBefore ? 1 : failures + 1;
        this.counters.restarts++;
        this.#outage.failed(error);
        this.#readTrouble = this.#outage.reason;
        this.#isRefused = isRefusal(error);
        this.#batchTrouble = '';
        await backoff(failures, this.#stopping.signal);
      }
    }
  }

  async #runSession(handle: (records: T[]) => Promise<void>): Promise<void> {
    const consumer = this.#createConsumer();
    const progress = this.#createProgress();
    const maxRecords = this.#options.maxBatchRecords ?? 20_000;
    const gatherer = new Gatherer<T, Origin>(maxRecords, (gathering) => this.#confirm(gathering, handle, progress));
    let partitions = 0;
    let isFetching = false;
    const crashed = new Promise<never>((_, reject) => consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error)));
    const stopped = new Promise<void>((resolve) => consumer.on(consumer.events.DISCONNECT, () => {
      if (this.#stopping.signal.aborted) resolve();
    }));
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberAssignment } }) => {
      partitions = memberAssignment[this.#topic]?.length ?? 0;
      isFetching = false;
      progress.assigned(memberAssignment[this.#topic] ?? []);
      this.#options.onAssigned?.();
    });
    // Joining the group does not require the right to read the topic; only a successful fetch proves it.
    consumer.on(consumer.events.FETCH, () => {
      if (isFetching) return;
      isFetching = true;
      this.#outage.ended();
      this.#readTrouble = '';
      this.#isRefused = false;
      this.#logger.info({ topic: this.#topic, group: this.#options.groupId, partitions }, 'reading from Kafka');
    });
    crashed.catch(() => undefined);
    this.#consumer = consumer;
    try {
      await consumer.connect();
      await progress.open();
      // Waiting for a place in the group while other members are at work is not a problem.
      if (!this.#isRefused) this.#readTrouble = '';
      await consumer.subscribe({ topic: this.#topic, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: concurrentPartitions,
        eachBatch: (payload) => this.#contribute(payload, gatherer, progress),
      });
      if (this.#stopping.signal.aborted) return;
      await Promise.race([crashed, stopped]);
    } finally {
      await Promise.all([consumer.disconnect(), progress.close()]);
    }
  }

  #createConsumer(): Consumer {
    const sessionTimeout = this.#options.sessionTimeoutMillis ?? 30_000;
    return createKafka(this.#connection).consumer({
      groupId: this.#options.groupId,
      sessionTimeout,
      heartbeatInterval: heartbeatMillis(sessionTimeout),
      maxWaitTimeInMs: this.#options.maxWaitMillis ?? 250,
      minBytes: this.#options.minFetchBytes ?? 65_536,
      allowAutoTopicCreation: false,
      // Rejoining is done here, where it can be counted, logged and stopped.
      retry: { restartOnFailure: async () => false },
    });
  }

  #createProgress(): PartitionProgress {
    const { groupId, lagIntervalMillis: intervalMillis = 10_000 } = this.#options;
    const options = { topic: this.#topic, groupId, counters: this.counters, logger: this.#logger, intervalMillis };
    return new PartitionProgress(createKafka(this.#connection), options);
  }

  /** Adds the messages fetched from one partition to the batches, piece by piece; returns when all of them are confirmed or given up. */
  async #contribute(payload: EachBatchPayload, gatherer: Gatherer<T, Origin>, progress: PartitionProgress): Promise<void> {
    const { messages, partition } = payload.batch;
    await progress.known;
    if (messages.length > 0) progress.read(partition, Number(messages[0]!.offset));
    for (let next = 0; next < messages.length && payload.isRunning() && !payload.isStale();) {
      await gatherer.contribute((gathering) => {
        const origin: Origin = { payload, messages: 0, lastOffset: '', unreadable: [] };
        gathering.origins.set(partition, origin);
        do {
          const { value, offset } = messages[next++]!;
          this.#decode(value ?? Buffer.alloc(0), offset, gathering, origin);
        } while (next < messages.length && !gatherer.isFull(gathering));
      });
    }
  }

  #decode(value: Buffer, offset: string, { records }: Gathering<T, Origin>, origin: Origin): void {
    origin.messages++;
    origin.lastOffset = offset;
    try {
      for (const record of this.#format.unpack(value)) records.push(record);
    } catch (error) {
      // A decoder that fails in any other way has a bug, which must not block the partition either. Its message might quote the payload.
      const [reason, message] = error instanceof PayloadError ? [error.code, error.message] : ['decoder_failed', (error as Error).name];
      const { partition } = origin.payload.batch;
      origin.unreadable.push({ topic: this.#topic, partition, offset, reason, payload: value, error: message });
    }
  }

  /** Rejects if the batch has to be delivered again: its offsets are then not committed. */
  async #confirm(
    { records, origins }: Gathering<T, Origin>, handle: (records: T[]) => Promise<void>, progress: PartitionProgress,
  ): Promise<void> {
    const membership = new Membership([...origins.values()][0]!.payload, heartbeatMillis(this.#options.sessionTimeoutMillis ?? 30_000));
    try {
      const unreadable = [...origins.values()].flatMap((origin) => origin.unreadable);
      if (unreadable.length > 0) await this.#putAside(unreadable, membership);
      if (records.length > 0) await this.#persist(membership, () => this.#timed(() => handle(records)));
      await this.#commit(origins, progress);
      this.counters.records += records.length;
      this.counters.batches++;
      this.#batchTrouble = '';
    } finally {
      membership.release();
    }
    // Not earlier: a confirmed batch should be committed before the partitions are assigned to another member.
    if (membership.error !== null) throw membership.error;
  }

  /** Logs once per batch and reason: whoever writes something else into the topic does so with every message. */
  async #putAside(unreadable: readonly Unreadable[], membership: Membership): Promise<void> {
    await this.#persist(membership, () => this.#deadLetters.send(unreadable));
    for (const [reason, [first, ...others]] of Map.groupBy(unreadable, (letter) => letter.reason)) {
      const { topic, partition, offset, error } = first!;
      const messages = others.length + 1;
      countReason(this.counters.deadLetters, reason, messages);
      this.#logger.error(
        { topic, partition, offset, reason, error, messages },
        'messages cannot be decoded and are sent as dead letters; this is the first of them',
      );
    }
  }

  /** Retries `work` until it succeeds. Rejects if the source is closed or has lost its membership, since other members then take over. */
  async #persist(membership: Membership, work: () => Promise<void>): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        return await work();
      } catch (error) {
        if (this.#stopping.signal.aborted) throw error;
        this.counters.retries++;
        const { message } = error as Error;
        const trouble = `a batch is not confirmed: ${message}`;
        this.#logger[trouble === this.#batchTrouble ? 'debug' : 'error'](
          { topic: this.#topic, failures, error: message }, 'a batch could not be confirmed: trying again',
        );
        this.#batchTrouble = trouble;
        await backoff(failures, this.#stopping.signal);
        if (this.#stopping.signal.aborted) throw error;
        if (membership.error !== null) throw membership.error;
      }
    }
  }

  async #timed(work: () => Promise<void>): Promise<void> {
    const start = performance.now();
    try {
      await work();
    } finally {
      this.counters.handlerSeconds += (performance.now() - start) / 1000;
    }
  }

  async #commit(origins: ReadonlyMap<number, Origin>, progress: PartitionProgress): Promise<void> {
    const partitions = [...origins].map(([partition, { lastOffset }]) => ({ partition, offset: String(BigInt(lastOffset) + 1n) }));
    const [{ payload }] = [...origins.values()] as [Origin];
    await payload.commitOffsetsIfNecessary({ topics: [{ topic: this.#topic, partitions }] });
    for (const [partition, { payload: { batch, resolveOffset }, messages, lastOffset }] of origins) {
      resolveOffset(lastOffset);
      this.counters.messages += messages;
      progress.confirmed(partition, Number(lastOffset) + 1, Number(batch.highWatermark));
    }
  }
}

/** Keeps the membership in the group alive while a batch is processed, so that a long insert causes no rebalance. */
class Membership {
  /** Why the membership is lost, or about to be: a rebalance, or a coordinator that does not respond. */
  error: Error | null = null;
  readonly #timer: NodeJS.Timeout;

  constructor(payload: EachBatchPayload, intervalMillis: number) {
    this.#timer = setInterval(() => {
      payload.heartbeat().catch((error: Error) => {
        this.error = error;
      });
    }, intervalMillis);
  }

  release(): void {
    clearInterval(this.#timer);
  }
}

function heartbeatMillis(sessionTimeoutMillis: number): number {
  return Math.min(3_000, Math.floor(sessionTimeoutMillis / 5));
}

/**
 * Flow records from `telltale.flows.v1`, in the format of #wire. By default, small fetches wait for up to a second: a store prefers few large
 * inserts.
 */
export class KafkaFlowSource extends KafkaSource<FlowRecord> implements FlowSource {
  constructor(connection: KafkaConnection, options: KafkaSourceOptions) {
    super(flowFormat, connection, { maxWaitMillis: 1000, minFetchBytes: 256 * 1024, ...options });
  }
}

/** Findings from `telltale.findings.v1`. */
export class KafkaFindingSource extends KafkaSource<Finding> implements FindingSource {
  constructor(connection: KafkaConnection, options: KafkaSourceOptions) {
    super(findingFormat, connection, options);
  }
}
