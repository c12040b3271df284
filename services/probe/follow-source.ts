import { stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { leastSample } from '#ingest';
import type { Component, Logger } from '#runtime';
import type { FlowSink } from '#transport';
import { whyUnreadable } from '../file-problem.ts';
import { listCaptures } from './captures.ts';
import { FollowedFile } from './followed-file.ts';
import { readerOf, resumedReaderOf, warmUp, type InputReader } from './input-reader.ts';
import { batchSize } from './outlet.ts';
import type { ProbePipeline } from './pipeline.ts';
import { Positions, type FilePosition } from './positions.ts';
import { tellProblems } from './problems.ts';
import { rotationsOf } from './rotations.ts';
import { isCompressed } from './unpack.ts';

export interface FollowSourceOptions {
  /** Files that grow, and folders of them. */
  files: readonly string[];
  /** File that keeps how far they were read. */
  positions: string;
  pipeline: ProbePipeline;
  sink: FlowSink;
  logger: Logger;
  /** Records cannot be handed over, or a file cannot be read any more. */
  onFailure: (error: unknown) => void;
  /** How often files are looked at that had nothing new, milliseconds. */
  pollInterval?: number;
  /** How often folders are looked through for new files, milliseconds. */
  scanInterval?: number;
  /** How long a file must not have grown to count as read, milliseconds. */
  settleInterval?: number;
}

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

/** A file, its reader once its beginning tells which, and the beginning until then. */
interface Followed {
  readonly file: FollowedFile;
  readonly name: string;
  /** Found in a folder: it may sleep, and is let go when it is not there any more. */
  readonly isFound: boolean;
  reader: InputReader | undefined;
  start: Buffer;
  /** It was read as a whole: should it grow, that is to be done again. */
  isDone: boolean;
  /** Something was read since its position was kept. */
  hasMoved: boolean;
  /** When something was read last, by the process's clock, milliseconds. */
  movedAt: number;
}

/** Files that are followed; beyond, those found later are passed over. */
const maxFiles = 10_000;
/** Files that sleep with an open handle; beyond, what is written to one just before it is rotated may be missed. */
const maxDozing = 512;
/** How often records are handed over that fill no batch, and positions are saved while they move, milliseconds: a store wants few large inserts. */
const confirmInterval = 1000;
/** What is read once more before the place where a log goes on, bytes. */
const warmBytes = 1 << 20;

/** In the place of what is neither capture nor log. */
const deaf: InputReader = { push: () => {}, finish: () => {}, read: 0, packets: 0, problem: null, isDocument: false };

/**
 * Follows files that grow and are rotated into the flow log, as part of a lifecycle.
 *
 * A position is that of the file's content, and moves when the flow log has accepted the records before it. After a restart a log goes on
 * there; what was read shortly before is read once more without being told, so that its flows are known. A capture, or a document, is read
 * from its beginning unless it was read to its end: only so can flows be rebuilt that were open, and the ids are the same again.
 */
export class FollowSource implements Component {
  readonly name = 'followed files';
  readonly counters: FollowCounters = { resumed: 0, lostRests: 0, passedOver: 0, forgottenPositions: 0, saveFailures: 0 };
  readonly #options: FollowSourceOptions;
  readonly #folders: string[] = [];
  readonly #followed = new Map<string, Followed>();
  /** Files that sleep with an open handle, the one that fell asleep first in front. */
  readonly #dozing = new Set<FollowedFile>();
  /** Files and folders that cannot be read, with the reason that was told. */
  readonly #refused = new Map<string, string>();
  /** Ends of files that were read, to be kept once their records are accepted. */
  #ended: FilePosition[] = [];
  readonly #stopping = new AbortController();
  #positions!: Positions;
  #running: Promise<void> | undefined;
  #isFull = false;
  #confirmedAt = -Infinity;
  #scannedAt = -Infinity;

  constructor(options: FollowSourceOptions) {
    this.#options = options;
  }

  /** @throws {Error} when something is to be followed that is neither file nor folder */
  async start(): Promise<void> {
    const { files, positions, logger } = this.#options;
    for (const file of files) {
      const stats = await stat(file).catch((error: unknown) => logger.warn({ file, reason: whyUnreadable(error) }, 'is waited for'));
      if (stats && !stats.isFile() && !stats.isDirectory())
        throw new Error(`${file} is neither a file nor a folder, and cannot be followed: read it without --follow`);
    }
    this.#positions = await Positions.load(positions, logger);
    this.#running = this.#follow().catch((error: unknown) => this.#options.onFailure(error));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Files that are followed. */
  get files(): number {
    return this.#followed.size;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    for (const file of this.#options.files.map((one) => path.resolve(one))) {
      if (await stat(file).then((stats) => stats.isDirectory(), () => false)) this.#folders.push(file);
      else await this.#catchUp(file);
    }
    while (!signal.aborted) {
      await this.#scan();
      let hasNews = false;
      for (const followed of this.#followed.values()) if (await this.#advance(followed)) hasNews = true;
      if (performance.now() - this.#confirmedAt >= confirmInterval) await this.#confirm();
      if (!hasNews) await delay(this.#options.pollInterval ?? 250, undefined, { signal }).catch(() => {});
    }
    await this.#end();
  }

  /**
   * A clean stop: flows are ended and told. A line without its end may still get it: another run reads it whole.
   * A document that is not yet whole is read again, too.
   */
  async #end(): Promise<void> {
    for (const followed of this.#followed.values()) {
      if (followed.reader === undefined && followed.start.length > 0) this.#open(followed);
      if (followed.reader !== undefined && followed.reader.mark === undefined) this.#finish(followed);
      await followed.file.close();
    }
    while (!this.#options.pipeline.finish(batchSize)) await this.#send();
    await this.#confirm();
  }

  #add(file: string, isFound: boolean): Followed {
    const followed = this.#following(file, isFound);
    this.#followed.set(file, followed);
    return followed;
  }

  #following(file: string, isFound: boolean, log = file): Followed {
    return {
      file: new FollowedFile(file, this.#positions, log),
      name: path.basename(file),
      isFound,
      reader: undefined,
      start: Buffer.alloc(0),
      isDone: false,
      hasMoved: false,
      movedAt: performance.now(),
    };
  }

  /** Follows a file. Where it was rotated while nobody read it, first comes what it was before. */
  async #catchUp(file: string): Promise<void> {
    const known = this.#positions.latestAt(file);
    const main = this.#add(file, false);
    if (known === null || (await main.file.isStill(known).catch(() => true))) return;
    const { logger } = this.#options;
    let isRestThere = false;
    const later: Followed[] = [];
    for (const rotation of await rotationsOf(file)) {
      const rotated = this.#following(rotation.path, true, file);
      if (await rotated.file.isStill(known).catch(() => false)) {
        isRestThere = true;
        await this.#readToEnd(rotated);
      } else if (rotation.modifiedMillis >= known.writtenAt) {
        later.push(rotated);
      } else {
        await rotated.file.close();
      }
    }
    for (const rotated of later) await this.#readToEnd(rotated);
    if (isRestThere) return;
    this.counters.lostRests++;
    logger.warn(
      { file: path.basename(file), offset: known.offset },
      'was replaced while nobody read it, and what it was is not beside it: what stood behind this offset was not read',
    );
  }

  async #readToEnd(followed: Followed): Promise<void> {
    while (!this.#stopping.signal.aborted && await this.#advance(followed));
    if (!this.#stopping.signal.aborted) this.#finish(followed);
    await followed.file.close();
  }

  /** Looks for new files in the folders, and for those that sleep or are gone. */
  async #scan(): Promise<void> {
    const { scanInterval = 2000, logger } = this.#options;
    if (this.#folders.length === 0 || performance.now() - this.#scannedAt < scanInterval) return;
    this.#scannedAt = performance.now();
    const { inputs, unreadable } = await listCaptures(this.#folders);
    for (const { path: file, reason } of unreadable) this.#refuse(file, reason);
    const there = new Set(inputs.map((input) => input.path));
    for (const [file, followed] of this.#followed) {
      if (!followed.isFound || there.has(file)) continue;
      followed.movedAt = performance.now();
      await this.#readToEnd(followed);
      this.#followed.delete(file);
      this.#dozing.delete(followed.file);
    }
    for (const { path: file } of inputs) {
      const stats = await stat(file).catch(() => null);
      const followed = this.#followed.get(file);
      if (stats === null || path.resolve(this.#options.positions) === file) continue;
      if (followed !== undefined) {
        if (followed.file.sleeps && !followed.file.sleepsThrough(stats)) followed.movedAt = performance.now();
        continue;
      }
      if (this.#positions.isReadTo(stats)) continue;
      if (this.#followed.size >= maxFiles) {
        if (!this.#isFull)
          logger.error({ file: path.basename(file), maxFiles }, 'more files than can be followed: this one and others are passed over');
        this.#isFull = true;
        this.counters.passedOver++;
        continue;
      }
      this.#add(file, true);
    }
  }

  /** What came to a file. */
  async #next({ file }: Followed): Promise<Buffer | 'rotated' | null> {
    try {
      const chunk = await file.next();
      this.#refused.delete(file.path);
      return chunk;
    } catch (error) {
      this.#refuse(file.path, whyUnreadable(error));
      return null;
    }
  }

  /** What cannot be read is told once, and tried again: rights are often given a little later. */
  #refuse(file: string, reason: string): void {
    if (this.#refused.get(file) === reason) return;
    if (this.#refused.size >= maxFiles) this.#refused.clear();
    this.#refused.set(file, reason);
    this.counters.passedOver++;
    this.#options.logger.error({ file, reason }, 'cannot be read: it is tried again');
  }

  /** Reads one chunk of a file; false when there is none. */
  async #advance(followed: Followed): Promise<boolean> {
    const { pipeline, logger } = this.#options;
    const { file, name } = followed;
    const isIdle = performance.now() - followed.movedAt > (this.#options.settleInterval ?? 10_000);
    if (file.sleeps && isIdle) return false;
    const chunk = await this.#next(followed);
    if (chunk === null) {
      if (isIdle) await this.#settle(followed);
      return false;
    }
    if (chunk === 'rotated') {
      this.#finish(followed);
      followed.isDone = false;
      logger.info({ file: name }, 'rotated');
      return true;
    }
    followed.movedAt = performance.now();
    if (followed.isDone) {
      followed.isDone = false;
      file.rewind();
      return true;
    }
    followed.hasMoved = true;
    pipeline.begin(name);
    if (followed.reader !== undefined) {
      this.#guard(followed, () => followed.reader!.push(chunk));
    } else if (file.resumed !== null) {
      await this.#resume(followed, file.resumed, chunk);
    } else {
      followed.start = Buffer.concat([followed.start, chunk]);
      // A whole line is enough of a log.
      if (followed.start.length >= leastSample || followed.start.includes(0x0a)) this.#open(followed);
    }
    if (pipeline.pending >= batchSize) await this.#send();
    return true;
  }

  /** A file has not grown for long: it counts as read, though it may still grow. */
  async #settle(followed: Followed): Promise<void> {
    const { file } = followed;
    if (followed.reader === undefined && followed.start.length > 0) this.#open(followed);
    if (followed.hasMoved && followed.reader?.isDocument) {
      this.#finish(followed);
      followed.isDone = true;
    } else if (followed.hasMoved && followed.reader !== undefined && followed.reader.mark === undefined) {
      // Flows may go on in the next file: what they counted is told now, and this file need not be read again.
      this.#options.pipeline.report();
      this.#keep(file.positionAt(file.offset, 0, ''));
      followed.hasMoved = false;
    }
    if (followed.isFound && !file.sleeps) await this.#sleep(file);
  }

  async #sleep(file: FollowedFile): Promise<void> {
    file.sleep();
    this.#dozing.delete(file);
    this.#dozing.add(file);
    if (this.#dozing.size <= maxDozing) return;
    const [first] = this.#dozing as Iterable<FollowedFile> as [FollowedFile];
    this.#dozing.delete(first);
    if (first.sleeps) await first.close();
  }

  #open(followed: Followed): void {
    if (isCompressed(followed.start)) {
      this.counters.passedOver++;
      this.#options.logger.warn({ file: followed.name }, 'is compressed, and cannot be followed: read it without --follow');
      followed.reader = deaf;
    } else {
      this.#guard(followed, () => {
        followed.reader = readerOf(followed.start, { name: followed.name, writtenMicros: followed.file.bornMicros }, this.#options.pipeline);
        return followed.reader.push(followed.start);
      });
    }
    followed.start = Buffer.alloc(0);
  }

  /** Goes on where an earlier run had stopped. */
  async #resume(followed: Followed, from: FilePosition, chunk: Buffer): Promise<void> {
    const { pipeline, logger } = this.#options;
    const { file, name } = followed;
    const sample = await file.beginning(leastSample);
    const reader = resumedReaderOf(sample, name, pipeline, from);
    if (reader === null) {
      file.rewind();
      return;
    }
    await this.#send();
    warmUp({ start: sample, name, before: await file.before(from.offset, warmBytes), head: from.head }, pipeline);
    pipeline.take();
    followed.reader = reader;
    this.counters.resumed++;
    logger.info({ file: name, offset: from.offset, line: from.line }, 'read on where an earlier run had stopped');
    this.#guard(followed, () => reader.push(chunk));
  }

  /** The file ended: another one follows in its place, or it is not read any more. */
  #finish(followed: Followed): void {
    const { file, name } = followed;
    this.#options.pipeline.begin(name);
    if (followed.reader === undefined && followed.start.length > 0) this.#open(followed);
    const { reader } = followed;
    followed.hasMoved = false;
    if (reader === undefined) return;
    this.#guard(followed, () => reader.finish());
    const mark = reader.mark?.();
    if (reader !== deaf) this.#keep(file.positionAt(file.offset, mark?.line ?? 0, mark?.head ?? ''));
    followed.reader = undefined;
  }

  #keep(position: FilePosition | null): void {
    if (position !== null) this.#ended.push(position);
  }

  /** What is neither capture nor log is told once and passed over, until it is rotated. */
  #guard(followed: Followed, read: () => void): void {
    try {
      read();
    } catch (error) {
      // A folder may hold anything; a file that was named is meant.
      this.#options.logger[followed.isFound ? 'debug' : 'error']({ file: followed.name }, (error as Error).message);
      this.counters.passedOver++;
      followed.reader = deaf;
    }
  }

  /** Hands over what waits; when it is accepted the positions move, and are saved. */
  async #confirm(): Promise<void> {
    await this.#send();
    this.#confirmedAt = performance.now();
    for (const position of this.#ended) this.#move(position);
    this.#ended = [];
    for (const followed of this.#followed.values()) {
      const { reader, file } = followed;
      if (!followed.hasMoved || reader === undefined || reader === deaf) continue;
      const mark = reader.mark?.();
      if (mark !== undefined) followed.hasMoved = false;
      const position = mark === undefined ? file.positionAt(0, 0, '') : file.positionAt(file.offset - mark.unread, mark.line, mark.head);
      if (position !== null) this.#move(position);
    }
    try {
      await this.#positions.save();
    } catch (error) {
      this.counters.saveFailures++;
      this.#options.logger.error({ file: this.#options.positions }, `cannot be written: ${(error as Error).message}`);
    }
  }

  #move(position: FilePosition): void {
    if (this.#positions.set(position)) this.counters.forgottenPositions++;
  }

  async #send(): Promise<void> {
    const { pipeline, sink, logger } = this.#options;
    tellProblems(pipeline, logger);
    if (pipeline.pending > 0) await sink.send(pipeline.take());
  }
}
