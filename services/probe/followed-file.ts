import { open, stat, type FileHandle } from 'node:fs/promises';
import { digestOfStart, isSameFile, startBytes, type FileIdentity, type FilePosition, type Positions } from './positions.ts';

const chunkBytes = 1 << 20;

/**
 * A file that grows and is rotated: renamed, with a new one in its place, or truncated.
 * It need not be there yet, and may be missing for a while between two rotations.
 */
export class FollowedFile {
  readonly path: string;
  readonly #log: string;
  readonly #positions: Positions;
  #handle: FileHandle | undefined;
  #identity: FileIdentity = { dev: 0, ino: 0 };
  #bornMicros = 0;
  #position = 0;
  #writtenAt = 0;
  #start: Buffer = Buffer.alloc(0);
  #sleeps = false;
  /** Of the file as it was when its beginning was compared last. */
  #looked = { size: -1, mtimeMs: -1 };
  /** How far the file was read in an earlier run, where reading goes on there. */
  resumed: FilePosition | null = null;

  /** @param log path of the log that it was before it was rotated */
  constructor(path: string, positions: Positions, log = path) {
    this.path = path;
    this.#log = log;
    this.#positions = positions;
  }

  /** The bytes that came since the last call; null: none yet; `rotated`: what follows is another file. */
  async next(): Promise<Buffer | 'rotated' | null> {
    if (this.#sleeps) {
      if (!(await this.#wake())) return 'rotated';
    } else if (this.#handle === undefined && !(await this.#open())) {
      return null;
    }
    const handle = this.#handle!;
    if (await this.#isTruncated(handle)) return this.#rotated();
    const bytes = await this.#read(handle);
    if (bytes !== null) return bytes;

    const current = await stat(this.path).catch(() => null);
    if (current === null || (current.ino === this.#identity.ino && current.dev === this.#identity.dev)) return null;
    // The writer may have written its last lines between the two looks above.
    return (await this.#read(handle)) ?? this.#rotated();
  }

  /** When the file at hand was made, or where the file system does not tell last written before it was opened, µs; the same after a restart. */
  get bornMicros(): number {
    return this.#bornMicros;
  }

  /** Bytes before what is handed out next. */
  get offset(): number {
    return this.#position;
  }

  /** The position that is `offset` bytes from its beginning; null when no file was there yet. */
  positionAt(offset: number, line: number, head: string): FilePosition | null {
    if (this.#identity.ino === 0) return null;
    return { path: this.#log, ...this.#identity, offset, line, head, start: digestOfStart(this.#start), writtenAt: this.#writtenAt };
  }

  /** Whether the file that an earlier run had read so far is there. */
  async isStill(known: FilePosition): Promise<boolean> {
    if (this.#handle === undefined && !(await this.#open())) return false;
    return isSameFile(known, this.#identity, (await this.#handle!.stat()).size, this.#start);
  }

  /** Its first bytes, `bytes` of them where there are so many. */
  beginning(bytes: number): Promise<Buffer> {
    return this.#bytesAt(0, bytes);
  }

  /** The bytes that stand before `offset`, `bytes` of them where there are so many. */
  before(offset: number, bytes: number): Promise<Buffer> {
    const from = Math.max(0, offset - bytes);
    return this.#bytesAt(from, offset - from);
  }

  /** Reads it from its beginning, whatever an earlier run had read. */
  rewind(): void {
    this.#position = 0;
    this.resumed = null;
  }

  /** It need not be looked at until the file system says that it changed. Its handle stays: what is written before a rotation is read. */
  sleep(): void {
    this.#sleeps = true;
  }

  /** Sleeps, and has by these figures nothing new. */
  sleepsThrough({ dev, ino, size }: FileIdentity & { size: number }): boolean {
    return this.#sleeps && dev === this.#identity.dev && ino === this.#identity.ino && size === this.#position;
  }

  get sleeps(): boolean {
    return this.#sleeps;
  }

  /** Gives its handle back: a folder may hold many files that are written no more. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #open(): Promise<boolean> {
    try {
      this.#handle = await open(this.path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    const { dev, ino, size, mtimeMs, birthtimeMs } = await this.#handle.stat();
    this.#identity = { dev, ino };
    this.#looked = { size: -1, mtimeMs: -1 };
    this.#writtenAt = mtimeMs;
    this.#bornMicros = Math.round((birthtimeMs || mtimeMs) * 1000);
    this.#start = await this.beginning(startBytes);
    const known = this.#positions.find(this.#identity, size, this.#start);
    this.resumed = known !== null && known.offset > 0 ? known : null;
    this.#position = this.resumed?.offset ?? 0;
    return true;
  }

  /** Goes on with a file that slept; false when its handle was given back, and another one is in its place by now. */
  async #wake(): Promise<boolean> {
    this.#sleeps = false;
    if (this.#handle !== undefined) return true;
    const handle = await open(this.path, 'r').catch(() => null);
    const stats = await handle?.stat();
    if (stats && stats.dev === this.#identity.dev && stats.ino === this.#identity.ino && stats.size >= this.#position) {
      this.#handle = handle!;
      return true;
    }
    await handle?.close();
    return false;
  }

  async #rotated(): Promise<'rotated'> {
    await this.close();
    return 'rotated';
  }

  /** It is shorter than what was read of it, or was written to since it was looked at, and begins otherwise. */
  async #isTruncated(handle: FileHandle): Promise<boolean> {
    const { size, mtimeMs } = await handle.stat();
    if (size < this.#position) return true;
    if (size === this.#looked.size && mtimeMs === this.#looked.mtimeMs) return false;
    this.#looked = { size, mtimeMs };
    return !(await this.beginning(this.#start.length)).equals(this.#start);
  }

  async #read(handle: FileHandle): Promise<Buffer | null> {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, this.#position);
    const bytes = buffer.subarray(0, bytesRead);
    if (this.#start.length < startBytes && this.#position <= this.#start.length) {
      this.#start = Buffer.concat([this.#start.subarray(0, this.#position), bytes.subarray(0, startBytes - this.#position)]);
    }
    if (bytesRead === 0) return null;
    this.#position += bytesRead;
    this.#writtenAt = (await handle.stat()).mtimeMs;
    return bytes;
  }

  async #bytesAt(offset: number, bytes: number): Promise<Buffer> {
    const { bytesRead, buffer } = await this.#handle!.read(Buffer.allocUnsafe(bytes), 0, bytes, offset);
    return buffer.subarray(0, bytesRead);
  }
}
