import { constants, openSync, type Stats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import path from 'node:path';
import { addAbortSignal } from 'node:stream';
import { CaptureError } from '#capture';
import { whyUnreadable } from '../file-problem.ts';
import { unpacked } from './unpack.ts';

/** A capture to read: a file, or standard input as `-`. */
export interface CaptureInput {
  /** Path, or `-`. */
  path: string;
  /** Name on records: the path without its folder, which might reveal more than it should. */
  name: string;
  /** Size in bytes; 0 for standard input. */
  size: number;
  /** When it was last written, µs: the time given to packets that have none. */
  writtenMicros?: number;
  /** Found while walking a folder, so it need not be a capture. */
  found: boolean;
}

/** An argument that names nothing that can be read. */
export interface UnreadableInput {
  path: string;
  reason: string;
}

/** Expands files, folders (recursively, in name order) and `-` into the captures to read. */
export async function listCaptures(args: readonly string[]): Promise<{ inputs: CaptureInput[]; unreadable: UnreadableInput[] }> {
  const inputs: CaptureInput[] = [];
  const unreadable: UnreadableInput[] = [];
  for (const argument of args) {
    if (argument === '-') {
      inputs.push({ path: '-', name: 'stdin', size: 0, writtenMicros: Date.now() * 1000, found: false });
      continue;
    }
    try {
      const stats = await stat(argument);
      if (stats.isDirectory()) await walk(argument, inputs, unreadable);
      else inputs.push(inputOf(argument, stats, false));
    } catch (error) {
      unreadable.push({ path: argument, reason: whyUnreadable(error) });
    }
  }
  return { inputs, unreadable };
}

async function walk(folder: string, inputs: CaptureInput[], unreadable: UnreadableInput[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(folder, entry.name);
    try {
      if (entry.isDirectory()) await walk(file, inputs, unreadable);
      else if (entry.isFile()) inputs.push(inputOf(file, await stat(file), true));
    } catch (error) {
      unreadable.push({ path: file, reason: whyUnreadable(error) });
    }
  }
}

function inputOf(file: string, stats: Stats, found: boolean): CaptureInput {
  return { path: file, name: path.basename(file), size: stats.size, writtenMicros: Math.round(stats.mtimeMs * 1000), found };
}

/**
 * The bytes of a capture, in chunks large enough to keep the packet loop busy. Gzip and zstd are detected by content and unpacked.
 * A chunk is valid until the next one is requested: a file is always read into the same memory.
 */
export class CaptureBytes implements AsyncIterable<Buffer> {
  /** Where and why unpacking failed. */
  problem: CaptureError | null = null;
  readonly #input: CaptureInput;
  readonly #onRead: (bytes: number) => void;
  readonly #signal: AbortSignal | undefined;

  /**
   * @param onRead bytes read from the file so far
   * @param signal ends standard input and named pipes, whose writers may stay silent forever
   */
  constructor(input: CaptureInput, onRead: (bytes: number) => void, signal?: AbortSignal) {
    this.#input = input;
    this.#onRead = onRead;
    this.#signal = signal;
  }

  async* [Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    const bytes = countBytes(await chunksOf(this.#input.path, this.#signal), this.#onRead);
    try {
      yield* unpacked(bytes, chunkBytes);
    } catch (error) {
      if (this.#signal?.aborted) return;
      if (!(error instanceof CaptureError)) throw error;
      this.problem = error;
    } finally {
      await bytes.return(undefined);
    }
  }
}

/** Small enough to stay in the processor's cache until it is processed. */
const chunkBytes = 512 * 1024;

async function chunksOf(file: string, signal: AbortSignal | undefined): Promise<AsyncIterable<Buffer>> {
  const isPipe = file !== '-' && (await stat(file)).isFIFO();
  if (file !== '-' && !isPipe) return readFile(file);
  // Opening or reading a pipe waits for its writer; a thread that waits like that would block the end of the process.
  const stream = isPipe ? new Socket({ fd: openSync(file, constants.O_RDONLY | constants.O_NONBLOCK), writable: false }) : process.stdin;
  return signal ? addAbortSignal(signal, stream) : stream;
}

async function* readFile(file: string): AsyncGenerator<Buffer> {
  await using handle = await open(file);
  const chunk = Buffer.allocUnsafeSlow(chunkBytes);
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length);
    if (bytesRead === 0) return;
    yield chunk.subarray(0, bytesRead);
  }
}

async function* countBytes(file: AsyncIterable<Buffer>, onRead: (bytes: number) => void): AsyncGenerator<Buffer, undefined> {
  let bytes = 0;
  for await (const chunk of file) {
    bytes += chunk.length;
    onRead(bytes);
    yield chunk;
  }
}
