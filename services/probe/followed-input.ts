import path from 'node:path';
import { CaptureError } from '#capture';
import { leastSample } from '#ingest';
import type { Logger } from '#runtime';
import type { FollowedFile } from './followed-file.ts';
import { readerOf, resumedReaderOf, warmUp, type InputReader } from './input-reader.ts';
import { batchSize } from './outlet.ts';
import type { ProbePipeline } from './pipeline.ts';
import type { FilePosition } from './positions.ts';
import { isCompressed } from './unpack.ts';

export interface FollowCounters {
  /** Files resumed where an earlier run had stopped. */
  resumed: number;
  /** Files that an earlier run had read in part, and whose rest is gone. */
  lostRests: number;
  /** Files passed over: neither capture nor log, compressed, unreadable, or beyond the most that are followed. */
  passedOver: number;
  /** Positions evicted to make room for others; their files would be read again from the beginning. */
  forgottenPositions: number;
  /** Failed attempts to save positions; they are retried. */
  saveFailures: number;
}

/** Shared by all followed files. */
export interface FollowSurroundings {
  readonly pipeline: ProbePipeline;
  readonly logger: Logger;
  readonly counters: FollowCounters;
  /** A file counts as read if it has not grown for this long, milliseconds. */
  readonly settleInterval: number;
  /** Sends the pending records. */
  send(): Promise<void>;
  /** A file was read up to this position, to be saved once the records before it are accepted. */
  keepEnd(position: FilePosition): void;
  readable(file: string): void;
  unreadable(file: string, error: unknown): void;
}

/** How much is read again before the position where a log is resumed, bytes. */
const warmBytes = 1 << 20;

/** Reader for input that is neither capture nor log. */
const deaf: InputReader = { push: () => {}, finish: () => {}, read: 0, packets: 0, problem: null, isDocument: false };

/** A followed file as a log or capture: its reader, once the beginning of the file determines one, and how far it was read. */
export class FollowedInput {
  readonly file: FollowedFile;
  readonly #name: string;
  /** Found in a folder, so it may sleep, and need not be a log. */
  readonly isFound: boolean;
  readonly #surroundings: FollowSurroundings;
  #reader: InputReader | undefined;
  /** Its beginning, until that determines the reader. */
  #start: Buffer = Buffer.alloc(0);
  /** It was read as a whole, and is read again as a whole if it grows. */
  #isDone = false;
  /** Whether something was read since its position was last taken. */
  #hasMoved = false;
  /** When something was last read, by the process's clock, milliseconds. */
  #movedAt = performance.now();
  /** Whether it has not grown for long since then. */
  #isSettled = false;

  constructor(file: FollowedFile, isFound: boolean, surroundings: FollowSurroundings) {
    this.file = file;
    this.#name = path.basename(file.path);
    this.isFound = isFound;
    this.#surroundings = surroundings;
  }

  /** There may be something new: it is checked even if it sleeps. */
  stir(): void {
    this.#movedAt = performance.now();
    this.#isSettled = false;
  }

  /** Whether it counts as read and need not be checked until the file system reports a change. */
  get mayDoze(): boolean {
    return this.isFound && this.#isSettled && !this.file.sleeps;
  }

  /** Reads one chunk; false if there is none. */
  async advance(): Promise<boolean> {
    const { pipeline, logger, settleInterval, send } = this.#surroundings;
    const isIdle = performance.now() - this.#movedAt > settleInterval;
    if (this.file.sleeps && isIdle) return false;
    const chunk = await this.#next();
    if (chunk === null) {
      if (isIdle) this.#settle();
      return false;
    }
    if (chunk === 'rotated') {
      this.finish();
      this.#isDone = false;
      logger.info({ file: this.#name }, 'the file was rotated');
      return true;
    }
    this.stir();
    if (this.#isDone) {
      this.#isDone = false;
      this.file.rewind();
      return true;
    }
    this.#hasMoved = true;
    pipeline.begin(this.#name);
    if (this.#reader !== undefined) {
      this.#guard(() => this.#reader!.push(chunk));
    } else if (this.file.resumed !== null) {
      await this.#resume(this.file.resumed, chunk);
    } else {
      this.#start = Buffer.concat([this.#start, chunk]);
      // One whole line suffices to recognise a log.
      if (this.#start.length >= leastSample || this.#start.includes(0x0a)) this.#open();
    }
    if (pipeline.pending >= batchSize) await send();
    return true;
  }

  /** It is replaced by another file, or no longer read. */
  finish(): void {
    this.#surroundings.pipeline.begin(this.#name);
    this.#openRest();
    const reader = this.#reader;
    this.#hasMoved = false;
    if (reader === undefined) return;
    this.#guard(() => reader.finish());
    const mark = reader.mark?.();
    if (reader !== deaf) this.#keepEnd(mark?.line ?? 0, mark?.head ?? '');
    this.#reader = undefined;
  }

  /** The probe stops. Flows of a capture and the content of a document are reported; an unfinished line may be completed, and is read whole later. */
  endWhole(): void {
    this.#openRest();
    if (this.#reader !== undefined && this.#reader.mark === undefined) this.finish();
  }

  /** How far it was read, if further than when last asked; its beginning, if it cannot be resumed from there. */
  takePosition(): FilePosition | null {
    const reader = this.#reader;
    if (!this.#hasMoved || reader === undefined || reader === deaf) return null;
    const mark = reader.mark?.();
    if (mark === undefined) return this.file.positionAt(0, 0, '');
    this.#hasMoved = false;
    return this.file.positionAt(this.file.offset - mark.unread, mark.line, mark.head);
  }

  async #next(): Promise<Buffer | 'rotated' | null> {
    const { readable, unreadable } = this.#surroundings;
    try {
      const chunk = await this.file.next();
      readable(this.file.path);
      return chunk;
    } catch (error) {
      unreadable(this.file.path, error);
      return null;
    }
  }

  /** It has not grown for long: it counts as read, though it may still grow. */
  #settle(): void {
    this.#isSettled = true;
    this.#openRest();
    if (!this.#hasMoved || this.#reader === undefined) return;
    if (this.#reader.isDocument) {
      this.finish();
      this.#isDone = true;
    } else if (this.#reader.mark === undefined) {
      // Flows may continue in the next file: their counters are reported now, so that this file need not be read again.
      this.#surroundings.pipeline.report();
      this.#keepEnd(0, '');
      this.#hasMoved = false;
    }
  }

  #keepEnd(line: number, head: string): void {
    const position = this.file.positionAt(this.file.offset, line, head);
    if (position !== null) this.#surroundings.keepEnd(position);
  }

  /** There is no more input: its beginning, however short, determines the reader. */
  #openRest(): void {
    if (this.#reader === undefined && this.#start.length > 0) this.#open();
  }

  #open(): void {
    const { pipeline, logger, counters } = this.#surroundings;
    const start = this.#start;
    this.#start = Buffer.alloc(0);
    if (isCompressed(start)) {
      counters.passedOver++;
      logger.warn({ file: this.#name }, 'the file is compressed and cannot be followed: read it without --follow');
      this.#reader = deaf;
      return;
    }
    this.#guard(() => {
      this.#reader = readerOf(start, { name: this.#name, writtenMicros: this.file.bornMicros }, pipeline);
      return this.#reader.push(start);
    });
  }

  /** Resumes where an earlier run had stopped. */
  async #resume(from: FilePosition, chunk: Buffer): Promise<void> {
    const { pipeline, logger, counters, send } = this.#surroundings;
    const start = await this.file.beginning(leastSample);
    const reader = resumedReaderOf(start, this.#name, pipeline, from);
    if (reader === null) {
      this.file.rewind();
      return;
    }
    await send();
    warmUp({ start, name: this.#name, before: await this.file.before(from.offset, warmBytes), head: from.head }, pipeline);
    pipeline.take();
    this.#reader = reader;
    counters.resumed++;
    logger.info({ file: this.#name, offset: from.offset, line: from.line }, 'reading resumes where an earlier run stopped');
    this.#guard(() => reader.push(chunk));
  }

  /** Unreadable content is logged once and passed over until the file is rotated. */
  #guard(read: () => void): void {
    try {
      read();
    } catch (error) {
      const { logger, counters } = this.#surroundings;
      // A folder may hold anything, but a file that was named is meant to be read.
      const isNone = error instanceof CaptureError && (error.code === 'not_a_capture' || error.code === 'empty');
      logger[this.isFound && isNone ? 'debug' : 'error']({ file: this.#name }, (error as Error).message);
      counters.passedOver++;
      this.#reader = deaf;
    }
  }
}
