import { open, stat, type FileHandle } from 'node:fs/promises';

const chunkBytes = 1 << 20;

/**
 * A file that grows and is rotated: renamed, with a new one in its place, or truncated.
 * It need not be there yet, and may be missing for a while between two rotations.
 */
export class FollowedFile {
  readonly path: string;
  #handle: FileHandle | undefined;
  #inode = 0;
  #position = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** The bytes that came since the last call; null: none yet; `rotated`: what follows is another file. */
  async next(): Promise<Buffer | 'rotated' | null> {
    if (this.#handle === undefined && !(await this.#open())) return null;
    const handle = this.#handle!;
    const bytes = await this.#read(handle);
    if (bytes !== null) return bytes;

    const current = await stat(this.path).catch(() => null);
    const isTruncated = (await handle.stat()).size < this.#position;
    if (current === null || (current.ino === this.#inode && !isTruncated)) return null;
    // The writer may have written its last lines between the two looks above.
    const last = isTruncated ? null : await this.#read(handle);
    if (last !== null) return last;
    await this.close();
    return 'rotated';
  }

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
    this.#inode = (await this.#handle.stat()).ino;
    this.#position = 0;
    return true;
  }

  async #read(handle: FileHandle): Promise<Buffer | null> {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, this.#position);
    this.#position += bytesRead;
    return bytesRead === 0 ? null : buffer.subarray(0, bytesRead);
  }
}
