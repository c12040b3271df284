import { Admission } from './admission.ts';
import { countReason, createSinkCounters, createSourceCounters, type SinkCounters, type SourceCounters } from './counters.ts';
import { TransportError } from './errors.ts';
import type { RecordSink, RecordSource } from './log.ts';

export interface InProcessOptions {
  /** Records sent but not confirmed; further sends wait. Default 50 000. */
  readonly maxQueuedRecords?: number;
  /** Sends that may wait for room; further ones are rejected with `queue_full`. Default 64. */
  readonly maxWaitingSends?: number;
  /** A batch for the handler is full at this many records; the send that fills it is not split. Default 20 000. */
  readonly maxBatchRecords?: number;
}

export interface InProcessLog<T> {
  readonly sink: RecordSink<T> & { readonly counters: SinkCounters };
  readonly source: RecordSource<T> & { readonly counters: SourceCounters };
}

/**
 * A log within the process: records from the sink are passed unchanged to the source's handler, and a send resolves when the handler has confirmed.
 * Nothing survives a restart, so the sender has to repeat an unconfirmed send: the handler's error is passed on to all sends of the batch and to
 * those queued after it.
 */
export function inProcessLog<T>(options: InProcessOptions = {}): InProcessLog<T> {
  const queue = new SendQueue<T>();
  return {
    sink: new InProcessSink(queue, new Admission(options.maxQueuedRecords ?? 50_000, options.maxWaitingSends ?? 64)),
    source: new InProcessSource(queue, options.maxBatchRecords ?? 20_000),
  };
}

interface Send<T> {
  readonly records: readonly T[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class SendQueue<T> {
  #sends: Send<T>[] = [];
  #wake: () => void = () => undefined;
  closed = false;

  push(send: Send<T>): void {
    this.#sends.push(send);
    this.#wake();
  }

  /** The next sends, as many as fill a batch; none if the queue is closed. */
  async take(maxRecords: number): Promise<Send<T>[]> {
    while (this.#sends.length === 0 && !this.closed) await new Promise<void>((wake) => (this.#wake = wake));
    let count = 0;
    for (let records = 0; count < this.#sends.length && records < maxRecords; count++) records += this.#sends[count]!.records.length;
    return this.closed ? [] : this.#sends.splice(0, count);
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#sends.splice(0)) reject(error);
  }

  close(): void {
    this.closed = true;
    this.#wake();
    this.rejectAll(new TransportError('closed', 'the log was closed before the records were confirmed'));
  }
}

class InProcessSink<T> implements RecordSink<T> {
  readonly counters = createSinkCounters();
  readonly #queue: SendQueue<T>;
  readonly #admission: Admission;
  readonly #unsettled = new Set<Promise<void>>();
  #closed = false;

  constructor(queue: SendQueue<T>, admission: Admission) {
    this.#queue = queue;
    this.#admission = admission;
  }

  async send(records: readonly T[]): Promise<void> {
    await this.#admission.run(records.length, this.counters, () => this.#assertOpen(), () => this.#accepted(records));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#admission.close();
    await Promise.allSettled(this.#unsettled);
  }

  #assertOpen(): void {
    if (this.#closed || this.#queue.closed) throw new TransportError('closed', 'the log is closed');
  }

  async #accepted(records: readonly T[]): Promise<void> {
    try {
      await this.#confirmed(records);
      this.counters.records += records.length;
      this.counters.messages++;
    } catch (error) {
      countReason(this.counters.rejected, error instanceof TransportError ? error.code : 'refused', records.length);
      this.#admission.refuseWaiting(error as Error);
      throw error;
    }
  }

  async #confirmed(records: readonly T[]): Promise<void> {
    this.#assertOpen();
    const confirmed = new Promise<void>((resolve, reject) => this.#queue.push({ records, resolve, reject }));
    this.#unsettled.add(confirmed);
    try {
      await confirmed;
    } finally {
      this.#unsettled.delete(confirmed);
    }
  }
}

class InProcessSource<T> implements RecordSource<T> {
  readonly counters = createSourceCounters();
  trouble = '';
  readonly #queue: SendQueue<T>;
  readonly #maxBatchRecords: number;
  #running: Promise<void> | null = null;

  constructor(queue: SendQueue<T>, maxBatchRecords: number) {
    this.#queue = queue;
    this.#maxBatchRecords = maxBatchRecords;
  }

  run(handle: (records: T[]) => Promise<void>): Promise<void> {
    this.#running ??= this.#handleAll(handle);
    return this.#running;
  }

  async close(): Promise<void> {
    this.#queue.close();
    await this.#running;
  }

  async #handleAll(handle: (records: T[]) => Promise<void>): Promise<void> {
    for (;;) {
      const sends = await this.#queue.take(this.#maxBatchRecords);
      if (sends.length === 0) return;
      const records = sends.flatMap((send) => send.records);
      const start = performance.now();
      try {
        await handle(records);
        this.counters.records += records.length;
        this.counters.batches++;
        this.counters.messages += sends.length;
        this.trouble = '';
        for (const { resolve } of sends) resolve();
      } catch (error) {
        this.counters.retries++;
        this.trouble = (error as Error).message;
        for (const { reject } of sends) reject(error as Error);
        this.#queue.rejectAll(error as Error);
      } finally {
        this.counters.handlerSeconds += (performance.now() - start) / 1000;
      }
    }
  }
}
