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
  /** Files that went on where an earlier run had stopped. */
  resumed: number;
  /** Files of which an earlier run had read a part, and whose rest is not there any more. */
  lostRests: number;
  /** Files passed over: neither capture nor log, compressed, unreadable, or more than can be followed. */
  passedOver: number;
  /** Positions forgotten to make room for others: those files would be read again from their beginning. */
  forgottenPositions: number;
  /** Positions that could not be saved; they are tried again. */
  saveFailures: number;
}

/** What all followed files share. */
export interface FollowSurroundings {
  readonly pipeline: ProbePipeline;
  readonly logger: Logger;
  readonly counters: FollowCounters;
  /** How long a file must not have grown to count as read, milliseconds. */
  readonly settleInterval: number;
  /** Hands over the records that wait. */
  send(): Promise<void>;
  /** A file was read to this end: to be kept when the records before it are accepted. */
  keepEnd(position: FilePosition): void;
  readable(file: string): void;
  unreadable(file: string, error: unknown): void;
}

/** What is read once more before the place where a log goes on, bytes. */
const warmBytes = 1 << 20;

/** In the place of what is neither capture nor log. */
const deaf: InputReader = { push: () => {}, finish: () => {}, read: 0, packets: 0, problem: null, isDocument: false };

/** A followed file as a log or capture: its reader, once its beginning tells which, and how far it is read. */
export class FollowedInput {
  readonly file: FollowedFile;
  readonly #name: string;
  /** Found in a folder: it may sleep, and need be no log. */
  readonly isFound: boolean;
  readonly #surroundings: FollowSurroundings;
  #reader: InputReader | undefined;
  /** Its beginning, until it tells the reader. */
  #start: Buffer = Buffer.alloc(0);
  /** It was read as a whole: should it grow, that is to be done again. */
  #isDone = false;
  /** Something was read since its position was taken. */
  #hasMoved = false;
  /** When something was read last, by the process's clock, milliseconds. */
  #movedAt = performance.now();
  /** It has not grown for long since then. */
  #isSettled = false;

  constructor(file: FollowedFile, isFound: boolean, surroundings: FollowSurroundings) {
    this.file = file;
    this.#name = path.basename(file.path);
    this.isFound = isFound;
    this.#surroundings = surroundings;
  }

  /** There is, or may be, something new: it is looked at, whether it sleeps or not. */
  stir(): void {
    this.#movedAt = performance.now();
    this.#isSettled = false;
  }

  /** It counts as read, and need be looked at no more until the file system says otherwise. */
  get mayDoze(): boolean {
    return this.isFound && this.#isSettled && !this.file.sleeps;
  }

  /** Reads one chunk; false when there is none. */
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
      logger.info({ file: this.#name }, 'rotated');
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
      // A whole line is enough of a log.
      if (this.#start.length >= leastSample || this.#start.includes(0x0a)) this.#open();
    }
    if (pipeline.pending >= batchSize) await send();
    return true;
  }

  /** Another file follows in its place, or it is not read any more. */
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

  /** The probe ends. Flows of a capture, and what a document has, are told; a line without its end may still get it, and is read whole later. */
  endWhole(): void {
    this.#openRest();
    if (this.#reader !== undefined && this.#reader.mark === undefined) this.finish();
  }

  /** How far it was read, if that is further than when it was asked last; where it cannot be read on from there, its beginning. */
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
      // Flows may go on in the next file: what they counted is told now, and this file need not be read again.
      this.#surroundings.pipeline.report();
      this.#keepEnd(0, '');
      this.#hasMoved = false;
    }
  }

  #keepEnd(line: number, head: string): void {
    const position = this.file.positionAt(this.file.offset, line, head);
    if (position !== null) this.#surroundings.keepEnd(position);
  }

  /** What came so far is all: it tells the reader, however short it is. */
  #openRest(): void {
    if (this.#reader === undefined && this.#start.length > 0) this.#open();
  }

  #open(): void {
    const { pipeline, logger, counters } = this.#surroundings;
    const start = this.#start;
    this.#start = Buffer.alloc(0);
    if (isCompressed(start)) {
      counters.passedOver++;
      logger.warn({ file: this.#name }, 'is compressed, and cannot be followed: read it without --follow');
      this.#reader = deaf;
      return;
    }
    this.#guard(() => {
      this.#reader = readerOf(start, { name: this.#name, writtenMicros: this.file.bornMicros }, pipeline);
      return this.#reader.push(start);
    });
  }

  /** Goes on where an earlier run had stopped. */
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
    logger.info({ file: this.#name, offset: from.offset, line: from.line }, 'read on where an earlier run had stopped');
    this.#guard(() => reader.push(chunk));
  }

  /** What cannot be read is told once and passed over, until it is rotated. */
  #guard(read: () => void): void {
    try {
      read();
    } catch (error) {
      const { logger, counters } = this.#surroundings;
      // A folder may hold anything; a file that was named is meant.
      const isNone = error instanceof CaptureError && (error.code === 'not_a_capture' || error.code === 'empty');
      logger[this.isFound && isNone ? 'debug' : 'error']({ file: this.#name }, (error as Error).message);
      counters.passedOver++;
      this.#reader = deaf;
    }
  }
}
