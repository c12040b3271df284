import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { makeFolder, type Logger } from '#runtime';
import { writeAtomically } from './atomic-file.ts';

/** Identifies a file for the file system: its name may change, this does not. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/** How far a file was read and its records were accepted by the flow log. */
export interface FilePosition extends FileIdentity {
  /** The path under which it was followed; a rotated file keeps the path of its log. */
  readonly path: string;
  /** Bytes. */
  readonly offset: number;
  /** Lines, or entries, in them. */
  readonly line: number;
  /** What the log's header says about the lines after it: the names of columns. */
  readonly head: string;
  /** How many of its first bytes are known, and their SHA-256 in hexadecimal, since inode numbers are reused. */
  readonly start: { readonly bytes: number; readonly digest: string };
  /** When it was last written, as of reading it, milliseconds since 1970. */
  readonly writtenAt: number;
}

/** Bytes of a file's beginning that distinguish it from others. */
export const startBytes = 1024;
/** Most files that are remembered, more than are followed at a time; the one updated longest ago is forgotten first. */
const maxPositions = 16_384;
const formatVersion = 1;

const count = z.int().min(0);
const format = z.strictObject({
  version: z.literal(formatVersion),
  files: z.array(z.strictObject({
    path: z.string(), dev: count, ino: count, offset: count, line: count, head: z.string().max(65_536),
    start: z.strictObject({ bytes: count.max(startBytes), digest: z.string().regex(/^[0-9a-f]{64}$/) }), writtenAt: z.number().min(0),
  })),
});

export function digestOfStart(bytes: Buffer): FilePosition['start'] {
  const start = bytes.subarray(0, startBytes);
  return { bytes: start.length, digest: createHash('sha256').update(start).digest('hex') };
}

/**
 * Positions in files that grow, kept in a file of their own. They advance only after the flow log has accepted the records, so that a probe
 * that was killed resumes there: what lies between is read again, with the same ids.
 */
export class Positions {
  readonly #file: string;
  readonly #positions = new Map<string, FilePosition>();
  #isSaved = true;

  private constructor(file: string, positions: readonly FilePosition[]) {
    this.#file = file;
    for (const position of positions) this.#positions.set(keyOf(position), position);
  }

  /** Loads an earlier run's positions. An invalid file is logged, and moved aside by the next save: all files are then read from the beginning. */
  static async load(file: string, logger: Logger): Promise<Positions> {
    await makeFolder(path.dirname(file));
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) return new Positions(file, []);
    try {
      return new Positions(file, format.parse(JSON.parse(text)).files.slice(-maxPositions));
    } catch (error) {
      const reason = error instanceof z.ZodError ? error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)[0] : 'it is not JSON';
      logger.warn({ file, reason }, 'the file of positions cannot be used: followed files are read from their beginning');
      return new Positions(file, []);
    }
  }

  /** How far the file with this identity, size and beginning was read; null if it is another one or shorter than that. */
  find(identity: FileIdentity, size: number, start: Buffer): FilePosition | null {
    const own = this.#positions.get(keyOf(identity));
    if (own !== undefined && isSameFile(own, identity, size, start)) return own;
    const digests = new Map<number, string>();
    for (const one of this.#positions.values()) {
      if (!mayBeSameFile(one, identity, size, start)) continue;
      const { bytes, digest } = one.start;
      if (!digests.has(bytes)) digests.set(bytes, digestOfStart(start.subarray(0, bytes)).digest);
      if (digests.get(bytes) === digest) return one;
    }
    return null;
  }

  /** Whether a file was read to its end and not written since, according to the file system. */
  isReadTo({ dev, ino, size, mtimeMs }: FileIdentity & { size: number; mtimeMs: number }): boolean {
    const known = this.#positions.get(keyOf({ dev, ino }));
    return known !== undefined && known.offset === size && mtimeMs <= known.writtenAt;
  }

  /** The latest file that was followed under this path. */
  latestAt(file: string): FilePosition | null {
    let latest: FilePosition | null = null;
    for (const one of this.#positions.values()) if (one.path === file && (latest === null || one.writtenAt >= latest.writtenAt)) latest = one;
    return latest;
  }

  /** Returns whether another position had to be forgotten. */
  set(position: FilePosition): boolean {
    const key = keyOf(position);
    const known = this.#positions.get(key);
    if (known && known.offset === position.offset && known.path === position.path && known.start.digest === position.start.digest) return false;
    this.#positions.delete(key);
    this.#positions.set(key, position);
    this.#isSaved = false;
    return this.#positions.size > maxPositions && this.#positions.delete(this.#positions.keys().next().value!);
  }

  /** Saves them if they changed. */
  async save(): Promise<void> {
    if (this.#isSaved) return;
    this.#isSaved = true;
    try {
      await writeAtomically(this.#file, `${JSON.stringify({ version: formatVersion, files: [...this.#positions.values()] })}\n`);
    } catch (error) {
      this.#isSaved = false;
      throw error;
    }
  }
}

function keyOf({ dev, ino }: FileIdentity): string {
  return `${dev}:${ino}`;
}

/** Whether this is the file that was read to `position`: by its number or, if it was copied or restored, by its content. */
export function isSameFile(position: FilePosition, identity: FileIdentity, size: number, start: Buffer): boolean {
  const { bytes, digest } = position.start;
  return mayBeSameFile(position, identity, size, start) && digestOfStart(start.subarray(0, bytes)).digest === digest;
}

/** {@link isSameFile}, except for the digest. */
function mayBeSameFile(position: FilePosition, { dev, ino }: FileIdentity, size: number, start: Buffer): boolean {
  const { offset, start: { bytes } } = position;
  if (size < offset || start.length < bytes) return false;
  // A short beginning proves nothing unless it is all that was read.
  return (position.dev === dev && position.ino === ino) || bytes === startBytes || (offset > 0 && bytes >= offset);
}
