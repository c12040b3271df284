import type { Component, Logger } from '#runtime';
import type { FlowSink } from '#transport';
import { whyUnreadable } from '../file-problem.ts';
import { listCaptures, type CaptureInput } from './captures.ts';
import type { ProbePipeline } from './pipeline.ts';
import { tellProblems } from './problems.ts';
import { replayCapture } from './replay.ts';
import type { ProbeWorkers } from './workers.ts';

export interface CaptureSourceOptions {
  /** Files, folders, or `-`. */
  captures: readonly string[];
  pipeline: ProbePipeline;
  sink: FlowSink;
  /** Threads that share the packets of a capture; if absent, this one does everything. */
  workers?: ProbeWorkers | undefined;
  logger: Logger;
  /** Bytes and packets of a capture so far. */
  onProgress?: ((input: CaptureInput, bytes: number, packets: number) => void) | undefined;
  /** All captures were read and their records accepted; `unreadable` of them could not be used. */
  onDone: (unreadable: number) => void;
  /** It was stopped before that: `left` captures were not read completely, or not all of their records were accepted. */
  onLeft?: ((left: number) => void) | undefined;
  /** Called when records cannot be sent. */
  onFailure: (error: unknown) => void;
}

/** Reads captures into the flow log, one after another, as part of a lifecycle. */
export class CaptureSource implements Component {
  readonly name = 'captures';
  readonly #options: CaptureSourceOptions;
  readonly #stopping = new AbortController();
  /** Captures that are not finished; all of them until they are listed. */
  #left: number;
  #running: Promise<void> | undefined;

  constructor(options: CaptureSourceOptions) {
    this.#options = options;
    this.#left = options.captures.length;
  }

  start(): void {
    const { onDone, onLeft, onFailure } = this.#options;
    this.#running = this.#readAll().then(
      (unreadable) => (this.#left === 0 ? onDone(unreadable) : onLeft?.(this.#left)),
      (error: unknown) => (this.#stopping.signal.aborted ? onLeft?.(this.#left) : onFailure(error)),
    );
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #readAll(): Promise<number> {
    const { captures, logger } = this.#options;
    const { inputs, unreadable } = await listCaptures(captures);
    for (const { path, reason } of unreadable) logger.error({ capture: path }, reason);
    let failed = unreadable.length;
    this.#left = inputs.length;
    for (const input of inputs) {
      if (this.#stopping.signal.aborted) break;
      const outcome = await this.#read(input);
      if (outcome === 'unreadable') failed++;
      if (outcome !== 'stopped') this.#left--;
    }
    return failed;
  }

  async #read(input: CaptureInput): Promise<'read' | 'unreadable' | 'stopped'> {
    const { pipeline, sink, logger, workers, onProgress } = this.#options;
    let records = 0;
    const entriesBefore = pipeline.entries.counters.entries;
    let sinkError: unknown;
    const send: FlowSink['send'] = (batch) => {
      records += batch.length;
      return sink.send(batch).catch((error: unknown) => { throw (sinkError = error); });
    };
    try {
      const { packets, problem, stopped } = await replayCapture(input, {
        pipeline, send, signal: this.#stopping.signal,
        ...(workers && { workers }),
        ...(onProgress && { onProgress: (bytes, read) => onProgress(input, bytes, read) }),
      });
      tellProblems(pipeline, logger);
      if (stopped) return 'stopped';
      if (problem) logger.warn({ capture: input.name }, `the capture could not be read to its end: ${problem.message}`);
      logger.info({ capture: input.name, packets, entries: pipeline.entries.counters.entries - entriesBefore, records }, 'the capture was read');
      return 'read';
    } catch (error) {
      if (sinkError !== undefined) throw sinkError;
      if (this.#stopping.signal.aborted) return 'stopped';
      logger.error({ capture: input.name }, `the capture cannot be read: ${whyUnreadable(error)}`);
      return 'unreadable';
    }
  }
}
