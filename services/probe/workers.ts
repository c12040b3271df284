import { randomInt } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { CaptureError, type CaptureReason } from '#capture';
import { serialiseWatchlist, type Watchlist } from '#identifiers';
import type { InputReader, NamedInput } from './input-reader.ts';
import type { ProbePipeline } from './pipeline.ts';
import { defaultTables, type TableBounds } from './tables.ts';
import { watchKeyOf } from './watchlists.ts';
import type { FromWorker, ToWorker, WorkerCounters, WorkerStart } from './worker-messages.ts';

export interface WorkerOptions {
  workers: number;
  tokenKey: Uint8Array;
  observer?: string;
  monitoredNetworks?: readonly string[];
  tables?: TableBounds;
  /** Receives raw values with their tokens, for `scan --reveal` only. */
  onRevealed?: (token: string, value: string) => void;
}

export const mostWorkers = 64;

/** Undefined for a single worker: the calling thread then does everything. */
export function startWorkers(options: WorkerOptions): ProbeWorkers | undefined {
  return options.workers > 1 ? new ProbeWorkers(options) : undefined;
}

/** Most pending chunks: a worker with little to do in one continues with the next while another still reads. */
const slotCount = 8;
const slotBytes = 512 * 1024;

/**
 * Threads that read captures together. Each sees every chunk and decodes every packet, which is cheap, and does everything else for its share
 * of the flows (see `Share`): nothing is passed between them, and the result is the same as with one thread.
 */
export class ProbeWorkers {
  readonly #slots = Array.from({ length: slotCount }, () => new SharedArrayBuffer(slotBytes));
  readonly #threads: Thread[];
  readonly #keyId: string;
  readonly #onRevealed: WorkerOptions['onRevealed'];
  #batches: Uint8Array[] = [];

  constructor({ workers, tokenKey, observer = 'local', monitoredNetworks, tables = defaultTables, onRevealed }: WorkerOptions) {
    this.#keyId = watchKeyOf(tokenKey).keyId;
    this.#onRevealed = onRevealed;
    const common = {
      count: workers,
      seed: randomInt(2 ** 31),
      tokenKey,
      observer,
      monitoredNetworks,
      tables,
      reveal: onRevealed !== undefined,
      slots: this.#slots,
    };
    this.#threads = Array.from({ length: workers }, (_, index) => new Thread({ ...common, index }));
  }

  /** Sets the lists whose values are searched for from the next chunk on, instead of the earlier ones. */
  watch(lists: readonly Watchlist[]): void {
    const texts = lists.map((list) => serialiseWatchlist(list, this.#keyId));
    for (const thread of this.#threads) thread.tell({ kind: 'watch', lists: texts });
  }

  /** Records in wire format since the last call. */
  take(): Uint8Array[] {
    const batches = this.#batches;
    this.#batches = [];
    return batches;
  }

  /** Reads one capture; counters are added to those of `pipeline`. */
  reader({ name, writtenMicros = 0 }: NamedInput, pipeline: ProbePipeline): InputReader {
    /** By slot: resolves when all threads have read it. */
    const read: Promise<void>[] = this.#slots.map(() => Promise.resolve());
    let slot = 0;
    let packets = 0;
    let problem: CaptureError | null = null;
    let refused: CaptureError | null = null;
    const take = (replies: readonly FromWorker[]): void => {
      for (const [index, reply] of replies.entries()) {
        if (reply.kind === 'refused') {
          refused ??= errorOf(reply.problem);
          continue;
        }
        packets = reply.packets;
        this.#batches.push(...reply.batches);
        for (const [token, value] of reply.revealed) this.#onRevealed?.(token, value);
        if (reply.kind !== 'ended') continue;
        if (reply.problem !== null) problem = errorOf(reply.problem);
        this.#threads[index]!.addCounters(reply.counters, pipeline, index === 0);
      }
    };
    for (const thread of this.#threads) thread.tell({ kind: 'begin', name, writtenMicros });
    return {
      push: async (chunk) => {
        for (let at = 0; at < chunk.length; at += slotBytes) {
          await read[slot];
          if (refused !== null) break;
          const part = chunk.subarray(at, at + slotBytes);
          new Uint8Array(this.#slots[slot]!).set(part);
          const message: ToWorker = { kind: 'chunk', slot, length: part.length };
          read[slot] = Promise.all(this.#threads.map((thread) => thread.ask(message))).then(take);
          // The error is reported to those who await it; until then it must not count as unhandled.
          read[slot]!.catch(() => {});
          slot = (slot + 1) % slotCount;
        }
        if (refused !== null) {
          await Promise.all(read);
          throw refused as CaptureError;
        }
      },
      finish: async () => {
        await Promise.all(read);
        if (refused === null) take(await Promise.all(this.#threads.map((thread) => thread.ask({ kind: 'end' }))));
        if (refused !== null) throw refused as CaptureError;
      },
      isDocument: false,
      get read() { return packets; },
      get packets() { return packets; },
      get problem() { return problem; },
    };
  }

  /** Drops the rest of an input that is given up: its flows and its pending records. */
  async discard(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.ask({ kind: 'discard' })));
    this.take();
  }

  /** CPU time of each thread so far, s. */
  cpuSeconds(): Promise<number[]> {
    return Promise.all(this.#threads.map((thread) => thread.cpuSeconds()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

function errorOf({ code, offset, message }: { code: CaptureError['code']; offset: number; message: string }): CaptureError {
  return new CaptureError(code, offset, message.replace(/ \(at byte \d+\)$/, ''));
}

/** Size of a thread's young generation. By default it is several times that, with hardly less garbage collection. */
const youngMebibytes = 48;

interface Question {
  resolve: (reply: FromWorker) => void;
  reject: (error: unknown) => void;
}

/** One worker, and the requests it has not answered yet; it answers them in order. */
class Thread {
  readonly #worker: Worker;
  readonly #questions: Question[] = [];
  #failure: unknown = null;
  /** Its counters as last reported. */
  #told: WorkerCounters | null = null;

  constructor(start: WorkerStart) {
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: youngMebibytes },
    });
    this.#worker.on('message', (reply: FromWorker) => this.#questions.shift()!.resolve(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new Error(`a worker of the probe ended with status ${code}`)));
    this.#rest();
  }

  tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  ask(message: ToWorker): Promise<FromWorker> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure as Error);
      this.#questions.push({ resolve, reject });
      this.#worker.ref();
      this.tell(message);
    }).finally(() => this.#rest()) as Promise<FromWorker>;
  }

  /** Adds what was counted since the last time. All threads decode all packets, so that is counted once. */
  addCounters(now: WorkerCounters, pipeline: ProbePipeline, decodes: boolean): void {
    const { capture, dissect, identifiers, recurring, recorded, names, entries } = pipeline;
    const told = this.#told;
    this.#told = now;
    pipeline.recordsOfWorkers += now.records - (told?.records ?? 0);
    for (const name of ['flowsStarted', 'flowsEnded', 'streamBytes', 'gapBytes'] as const)
      capture[name] += now.capture[name] - (told?.capture[name] ?? 0);
    if (decodes) for (const name of ['packets', 'bytes', 'decoded'] as const) capture[name] += now.capture[name] - (told?.capture[name] ?? 0);
    for (const { layer, reason, count } of now.captureReasons) {
      const key = `${layer}/${reason}` as CaptureReason;
      const before = told?.captureReasons.find((other) => other.layer === layer && other.reason === reason)?.count ?? 0;
      if (decodes || ofFlows.has(key)) capture.count(key, count - before);
    }
    for (const { protocol, reason, count } of now.dissect) {
      dissect.add(protocol, reason, count - (told?.dissect.find((other) => other.protocol === protocol && other.reason === reason)?.count ?? 0));
    }
    for (const [kind, count] of now.recognised) identifiers.count(kind, count - (told?.recognised.find(([other]) => other === kind)?.[1] ?? 0));
    for (const name of ['dropped', 'truncated', 'undecoded', 'spellingsDropped', 'unwatched'] as const)
      identifiers[name] += now.identifiers[name] - (told?.identifiers[name] ?? 0);
    for (const name of ['unsampled', 'evicted', 'forgotten', 'userLike', 'roomLike'] as const)
      recurring.counters[name] += now.inference[name] - (told?.inference[name] ?? 0);
    recorded.hopsDropped += now.hopsDropped - (told?.hopsDropped ?? 0);
    // All threads follow all of DNS.
    if (decodes) names.evicted += now.namesEvicted - (told?.namesEvicted ?? 0);
    entries.counters.entries += now.entries - (told?.entries ?? 0);
    for (const { source, reason, count } of now.entryReasons) {
      entries.counters.add(
        source,
        reason,
        count - (told?.entryReasons.find((other) => other.source === source && other.reason === reason)?.count ?? 0),
      );
    }
  }

  async cpuSeconds(): Promise<number> {
    this.#worker.ref();
    const { user, system } = await this.#worker.cpuUsage();
    this.#rest();
    return (user + system) / 1e6;
  }

  async close(): Promise<void> {
    this.#failure ??= new Error('the workers of the probe were closed');
    await this.#worker.terminate();
  }

  /** Idle threads do not keep the process alive: it ends when its work is done. */
  #rest(): void {
    if (this.#questions.length === 0) this.#worker.unref();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#questions.splice(0)) reject(this.#failure);
  }
}

/** Counters that a table keeps for its own flows; the others are counted by the thread that decodes. */
const ofFlows: ReadonlySet<CaptureReason> = new Set([
  'tcp/retransmission', 'tcp/before_start', 'tcp/out_of_window', 'tcp/out_of_order', 'tcp/overlap', 'tcp/gap', 'tcp/acknowledged', 'tcp/buffer_flow',
  'tcp/buffer_total', 'icmp/error', 'icmp/error_unknown', 'flow/evicted',
]);
