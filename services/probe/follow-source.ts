import { stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Component, Logger } from '#runtime';
import type { FlowSink } from '#transport';
import { whyUnreadable } from '../file-problem.ts';
import { listCaptures } from './captures.ts';
import { FollowedFile } from './followed-file.ts';
import { FollowedInput, type FollowCounters, type FollowSurroundings } from './followed-input.ts';
import { batchSize } from './outlet.ts';
import type { ProbePipeline } from './pipeline.ts';
import { Positions, type FilePosition } from './positions.ts';
import { tellProblems } from './problems.ts';
import { rotationsOf } from './rotations.ts';

export interface FollowSourceOptions {
  /** Files that grow, and folders of such files. */
  files: readonly string[];
  /** File that records how far they were read. */
  positions: string;
  pipeline: ProbePipeline;
  sink: FlowSink;
  logger: Logger;
  /** Called when records cannot be sent, or a file can no longer be read. */
  onFailure: (error: unknown) => void;
  /** How often files without new data are checked, milliseconds. */
  pollInterval?: number;
  /** How often folders are searched for new files, milliseconds. */
  scanInterval?: number;
  /** A file counts as read if it has not grown for this long, milliseconds. */
  settleInterval?: number;
}

/** Most files that are followed; those found later are passed over. */
const maxFiles = 10_000;
/** Most sleeping files with an open handle; in others, lines written just before a rotation may be missed. */
const maxDozing = 512;
/** How often records that do not fill a batch are sent, and changed positions saved, milliseconds: a store prefers few large inserts. */
const confirmInterval = 1000;

/**
 * Follows files that grow and are rotated into the flow log, as part of a lifecycle.
 *
 * A position refers to the content of a file, and advances when the flow log has accepted the records before it. After a restart, a log is
 * resumed there; what precedes it is read again without being reported, so that its flows are known. A capture or a document is read from its
 * beginning unless it was read to its end: open flows cannot be rebuilt otherwise, and the ids are the same again.
 */
export class FollowSource implements Component {
  readonly name = 'followed files';
  readonly counters: FollowCounters = { resumed: 0, lostRests: 0, passedOver: 0, forgottenPositions: 0, saveFailures: 0 };
  readonly #surroundings: FollowSurroundings;
  readonly #options: FollowSourceOptions;
  readonly #folders: string[] = [];
  readonly #followed = new Map<string, FollowedInput>();
  /** Sleeping files with an open handle, the longest asleep first. */
  readonly #dozing = new Set<FollowedFile>();
  /** Files and folders that cannot be read, with the reason that was logged. */
  readonly #refused = new Map<string, string>();
  /** Ends of files that were read, to be saved once their records are accepted. */
  #ended: FilePosition[] = [];
  readonly #stopping = new AbortController();
  #positions!: Positions;
  #running: Promise<void> | undefined;
  #isFull = false;
  #confirmedAt = -Infinity;
  #scannedAt = -Infinity;

  constructor(options: FollowSourceOptions) {
    this.#options = options;
    const { pipeline, logger, settleInterval = 10_000 } = options;
    this.#surroundings = {
      pipeline, logger, settleInterval,
      counters: this.counters,
      send: () => this.#send(),
      keepEnd: (position) => void this.#ended.push(position),
      readable: (file) => void this.#refused.delete(file),
      unreadable: (file, error) => this.#refuse(file, whyUnreadable(error)),
    };
  }

  /** @throws {Error} if something to be followed is neither a file nor a folder */
  async start(): Promise<void> {
    const { files, positions, logger } = this.#options;
    for (const file of files) {
      const stats = await stat(file).catch((error: unknown) => {
        logger.warn({ file, reason: whyUnreadable(error) }, 'the file cannot be read yet: waiting for it');
      });
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

  /** Number of followed files. */
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
      for (const followed of this.#followed.values()) {
        if (await followed.advance()) hasNews = true;
        else if (followed.mayDoze) await this.#doze(followed.file);
      }
      if (performance.now() - this.#confirmedAt >= confirmInterval) await this.#confirm();
      if (!hasNews) await delay(this.#options.pollInterval ?? 250, undefined, { signal }).catch(() => {});
    }
    await this.#end();
  }

  /**
   * A clean stop: flows are ended and reported. An unfinished line may still be completed: the next run reads it whole.
   * An incomplete document is read again, too.
   */
  async #end(): Promise<void> {
    for (const followed of this.#followed.values()) {
      followed.endWhole();
      await followed.file.close();
    }
    while (!this.#options.pipeline.finish(batchSize)) await this.#send();
    await this.#confirm();
  }

  #add(file: string, isFound: boolean): FollowedInput {
    const followed = this.#following(file, isFound);
    this.#followed.set(file, followed);
    return followed;
  }

  #following(file: string, isFound: boolean, log = file): FollowedInput {
    return new FollowedInput(new FollowedFile(file, this.#positions, log), isFound, this.#surroundings);
  }

  /** Follows a file. If it was rotated while the probe was not running, its predecessors are read first. */
  async #catchUp(file: string): Promise<void> {
    const known = this.#positions.latestAt(file);
    const main = this.#add(file, false);
    if (known === null || (await main.file.isStill(known).catch(() => true))) return;
    const { logger } = this.#options;
    let isRestThere = false;
    const later: FollowedInput[] = [];
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
      'the file was replaced while nobody read it, and its former content is not beside it: what followed this offset was not read',
    );
  }

  async #readToEnd(followed: FollowedInput): Promise<void> {
    while (!this.#stopping.signal.aborted && await followed.advance());
    if (!this.#stopping.signal.aborted) followed.finish();
    await followed.file.close();
  }

  /** Searches the folders for new files, and checks whether sleeping files have grown or are gone. */
  async #scan(): Promise<void> {
    const { scanInterval = 2000, logger } = this.#options;
    if (this.#folders.length === 0 || performance.now() - this.#scannedAt < scanInterval) return;
    this.#scannedAt = performance.now();
    const { inputs, unreadable } = await listCaptures(this.#folders);
    for (const { path: file, reason } of unreadable) this.#refuse(file, reason);
    const there = new Set(inputs.map((input) => input.path));
    for (const [file, followed] of this.#followed) {
      if (!followed.isFound || there.has(file)) continue;
      followed.stir();
      await this.#readToEnd(followed);
      this.#followed.delete(file);
      this.#dozing.delete(followed.file);
    }
    for (const { path: file } of inputs) {
      const stats = await stat(file).catch(() => null);
      const followed = this.#followed.get(file);
      if (stats === null || path.resolve(this.#options.positions) === file) continue;
      if (followed !== undefined) {
        if (followed.file.sleeps && !followed.file.sleepsThrough(stats)) followed.stir();
        continue;
      }
      if (this.#positions.isReadTo(stats)) continue;
      if (this.#followed.size >= maxFiles) {
        if (!this.#isFull)
          logger.error({ file: path.basename(file), maxFiles }, 'there are more files than can be followed: this one and others are passed over');
        this.#isFull = true;
        this.counters.passedOver++;
        continue;
      }
      this.#add(file, true);
    }
  }

  /** What cannot be read is logged once and retried: permissions are often granted a little later. */
  #refuse(file: string, reason: string): void {
    if (this.#refused.get(file) === reason) return;
    if (this.#refused.size >= maxFiles) this.#refused.clear();
    this.#refused.set(file, reason);
    this.counters.passedOver++;
    this.#options.logger.error({ file, reason }, 'the file cannot be read and will be tried again');
  }

  /** Puts a file to sleep with its handle open, unless too many are. */
  async #doze(file: FollowedFile): Promise<void> {
    file.sleep();
    this.#dozing.delete(file);
    this.#dozing.add(file);
    if (this.#dozing.size <= maxDozing) return;
    const [first] = this.#dozing as Iterable<FollowedFile> as [FollowedFile];
    this.#dozing.delete(first);
    if (first.sleeps) await first.close();
  }

  /** Sends the pending records; once they are accepted, the positions advance and are saved. */
  async #confirm(): Promise<void> {
    await this.#send();
    this.#confirmedAt = performance.now();
    for (const position of this.#ended) this.#move(position);
    this.#ended = [];
    for (const followed of this.#followed.values()) {
      const position = followed.takePosition();
      if (position !== null) this.#move(position);
    }
    try {
      await this.#positions.save();
    } catch (error) {
      this.counters.saveFailures++;
      this.#options.logger.error({ file: this.#options.positions }, `the file of positions cannot be written: ${(error as Error).message}`);
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
