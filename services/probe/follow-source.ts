import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { leastSample } from '#ingest';
import type { Component, Logger } from '#runtime';
import type { FlowSink } from '#transport';
import { FollowedFile } from './followed-file.ts';
import { readerOf, type InputReader } from './input-reader.ts';
import type { ProbePipeline } from './pipeline.ts';
import { tellProblems } from './problems.ts';

export interface FollowSourceOptions {
  /** Files that grow. */
  files: readonly string[];
  positions: string;
  pipeline: ProbePipeline;
  sink: FlowSink;
  logger: Logger;
  /** Records cannot be handed over, or a file cannot be read any more. */
  onFailure: (error: unknown) => void;
  /** How often files are looked at that had nothing new, milliseconds. */
  pollInterval?: number;
}

/** A file, its reader once its beginning tells which, and the beginning until then. */
interface Followed {
  readonly file: FollowedFile;
  readonly name: string;
  reader: InputReader | undefined;
  start: Buffer;
}

/**
 * Follows files that grow and are rotated into the flow log, as part of a lifecycle.
 *
 * It reads from their beginning: after a restart the ids of what is read again are the same, and the store keeps one.
 */
export class FollowSource implements Component {
  readonly name = 'followed files';
  readonly #options: FollowSourceOptions;
  readonly #followed: Followed[];
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: FollowSourceOptions) {
    this.#options = options;
    this.#followed = options.files.map((file) => ({ file: new FollowedFile(file), name: path.basename(file), reader: undefined, start: Buffer.alloc(0) }));
  }

  start(): void {
    this.#running = this.#follow().catch((error: unknown) => this.#options.onFailure(error));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let hasNews = false;
      for (const followed of this.#followed) if (await this.#advance(followed)) hasNews = true;
      await this.#send();
      if (!hasNews) await delay(this.#options.pollInterval ?? 250, undefined, { signal }).catch(() => {});
    }
    for (const followed of this.#followed) {
      this.#finish(followed);
      await followed.file.close();
    }
    this.#options.pipeline.finish();
    await this.#send();
  }

  /** Reads one chunk of a file; false when there is none. */
  async #advance(followed: Followed): Promise<boolean> {
    const chunk = await followed.file.next();
    if (chunk === null) return false;
    if (chunk === 'rotated') {
      this.#finish(followed);
      this.#options.logger.info({ file: followed.name }, 'rotated');
      return true;
    }
    this.#options.pipeline.begin(followed.name);
    if (followed.reader === undefined) {
      followed.start = Buffer.concat([followed.start, chunk]);
      // A whole line is enough of a log.
      if (followed.start.length >= leastSample || followed.start.includes(0x0a)) this.#open(followed);
    } else {
      this.#guard(followed, () => followed.reader!.push(chunk));
    }
    return true;
  }

  #open(followed: Followed): void {
    followed.reader = readerOf(followed.start, followed.name, this.#options.pipeline);
    this.#guard(followed, () => followed.reader!.push(followed.start));
    followed.start = Buffer.alloc(0);
  }

  /** The file ended: another one follows in its place, or the probe stops. */
  #finish(followed: Followed): void {
    this.#options.pipeline.begin(followed.name);
    if (followed.reader === undefined && followed.start.length > 0) this.#open(followed);
    if (followed.reader !== undefined) this.#guard(followed, () => followed.reader!.finish());
    followed.reader = undefined;
  }

  /** What is neither capture nor log is told once and passed over, until it is rotated. */
  #guard(followed: Followed, read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#options.logger.error({ file: followed.name }, (error as Error).message);
      followed.reader = { push: () => {}, finish: () => {}, read: 0, packets: 0, problem: null };
    }
  }

  async #send(): Promise<void> {
    const { pipeline, sink, logger } = this.#options;
    tellProblems(pipeline, logger);
    if (pipeline.pending > 0) await sink.send(pipeline.take());
  }
}
