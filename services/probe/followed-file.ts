import { open, stat, type FileHandle } from 'node:fs/promises';
import { digestOfStart, isSameFile, startBytes, type FileIdentity, type FilePosition, type Positions } from './positions.ts';

const chunkBytes = 1 << 20;

/**
 * A file that grows and is rotated: renamed and replaced by a new one, or truncated.
 * It need not exist yet, and may be missing for a while during a rotation.
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
  /** Size and time of the file when its beginning was last compared. */
  #looked = { size: -1, mtimeMs: -1 };
  /** The position that an earlier run had reached, if reading continues there. */
  resumed: FilePosition | null = null;

  /** @param log path of the log to which a rotated file belonged */
  constructor(path: string, positions: Positions, log = path) {
    this.path = path;
    this.#log = log;
    this.#positions = positions;
  }

  /** The bytes added since the last call; null: none yet; `rotated`: what follows is another file. */
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
    // The writer may have written its last lines between the two checks above.
    return (await this.#read(handle)) ?? this.#rotated();
  }

  /** When the current file was created, or, where that is unknown, last written before it was opened, µs; the same after a restart. */
  get bornMicros(): number {
    return this.#bornMicros;
  }

  /** Bytes before the next chunk. */
  get offset(): number {
    return this.#position;
  }

  /** The position `offset` bytes from its beginning; null if there was no file yet. */
  positionAt(offset: number, line: number, head: string): FilePosition | null {
    if (this.#identity.ino === 0) return null;
    return { path: this.#log, ...this.#identity, offset, line, head, start: digestOfStart(this.#start), writtenAt: this.#writtenAt };
  }

  /** Whether this is the file that an earlier run had read so far. */
  async isStill(known: FilePosition): Promise<boolean> {
    if (this.#handle === undefined && !(await this.#open())) return false;
    return isSameFile(known, this.#identity, (await this.#handle!.stat()).size, this.#start);
  }

  /** Its first bytes, at most `bytes` of them. */
  beginning(bytes: number): Promise<Buffer> {
    return this.#bytesAt(0, bytes);
  }

  /** The bytes before `offset`, at most `bytes` of them. */
  before(offset: number, bytes: number): Promise<Buffer> {
    const from = Math.max(0, offset - bytes);
    return this.#bytesAt(from, offset - from);
  }

  /** Reads it from its beginning, regardless of what an earlier run had read. */
  rewind(): void {
    this.#position = 0;
    this.resumed = null;
  }

  /** It need not be checked until the file system reports a change. Its handle stays open, so that what is written before a rotation is read. */
  sleep(): void {
    this.#sleeps = true;
  }

  /** Whether it is asleep and, by these figures, has nothing new. */
  sleepsThrough({ dev, ino, size }: FileIdentity & { size: number }): boolean {
    return this.#sleeps && dev === this.#identity.dev && ino === this.#identity.ino && size === this.#position;
  }

  get sleeps(): boolean {
    return this.#sleeps;
  }

  /** Closes its handle, since a folder may hold many files that are no longer written. */
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

  /** Resumes a sleeping file; false if its handle was closed and it has since been replaced by another. */
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

  /** Whether it is shorter than what was read of it, or was written since the last check and now begins differently. */
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
