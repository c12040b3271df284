import type { Stats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline, type Duplex } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { CaptureError } from '#capture';

/** A capture to read: a file, or standard input as `-`. */
export interface CaptureInput {
  /** Path, or `-`. */
  path: string;
  /** Name on records: without its folder, which may tell more than it should. */
  name: string;
  /** Size in bytes; 0 for standard input. */
  size: number;
  /** Found while walking a folder, so that it need not be a capture. */
  found: boolean;
}

/** An argument that names nothing readable. */
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
      inputs.push({ path: '-', name: 'stdin', size: 0, found: false });
      continue;
    }
    try {
      const stats = await stat(argument);
      if (stats.isDirectory()) await walk(argument, inputs, unreadable);
      else inputs.push(inputOf(argument, stats, false));
    } catch (error) {
      unreadable.push({ path: argument, reason: reasonOf(error) });
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
      unreadable.push({ path: file, reason: reasonOf(error) });
    }
  }
}

function inputOf(file: string, stats: Stats, found: boolean): CaptureInput {
  return { path: file, name: path.basename(file), size: stats.size, found };
}

/** Why a file cannot be read, in words. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file or folder';
  if (code === 'EACCES') return 'permission denied';
  return (error as Error).message;
}

/**
 * The bytes of a capture, in chunks large enough to keep the packet loop busy; gzip and zstd are unpacked, by content.
 * A chunk is valid until the next one is asked for: a file is read into the same memory again and again.
 *
 * @param onRead bytes read from the file so far
 * @throws {CaptureError} `compressed` when what looks compressed cannot be unpacked
 */
export function openCapture(input: CaptureInput, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  return unpacked(countBytes(input.path === '-' ? process.stdin : readFile(input.path), onRead));
}

/** Bytes by which what is compressed is told. */
const markBytes = 4;

/** What is in a file, whose first chunks may be as small as a pipe makes them. */
export async function* unpacked(file: AsyncGenerator<Buffer, undefined>): AsyncGenerator<Buffer> {
  try {
    let start: Buffer = Buffer.alloc(0);
    while (start.length < markBytes) {
      const { value, done } = await file.next();
      if (done) break;
      start = start.length === 0 ? value : Buffer.concat([start, value]);
    }
    if (start.length === 0) return;
    const unpacker = unpackerOf(start);
    if (unpacker === undefined) yield* startingWith(start, file);
    else yield* unpack(copies(startingWith(start, file)), unpacker);
  } finally {
    await file.return(undefined);
  }
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

/** Small enough to stay in the processor's cache until it was read. */
const chunkBytes = 512 * 1024;

async function* readFile(file: string): AsyncGenerator<Buffer> {
  await using handle = await open(file);
  const chunk = Buffer.allocUnsafeSlow(chunkBytes);
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length);
    if (bytesRead === 0) return;
    yield chunk.subarray(0, bytesRead);
  }
}

/** For who keeps more than one chunk at a time. */
async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

async function* countBytes(file: AsyncIterable<Buffer>, onRead: (bytes: number) => void): AsyncGenerator<Buffer, undefined> {
  let bytes = 0;
  for await (const chunk of file) {
    bytes += chunk.length;
    onRead(bytes);
    yield chunk;
  }
}

function unpackerOf(start: Buffer): Duplex | undefined {
  if (isGzip(start)) return createGunzip({ chunkSize: chunkBytes });
  return isZstandard(start) ? createZstdDecompress({ chunkSize: chunkBytes }) : undefined;
}

/** Begins like something that {@link openCapture} unpacks. */
export function isCompressed(start: Buffer): boolean {
  return isGzip(start) || isZstandard(start);
}

/** RFC 1952, section 2.3.1. */
function isGzip(start: Buffer): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

/** RFC 8878, section 3.1.1. */
function isZstandard(start: Buffer): boolean {
  return start.length >= 4 && start.readUInt32LE(0) === 0xfd2fb528;
}

async function* unpack(packed: AsyncIterable<Buffer>, unpacker: Duplex): AsyncGenerator<Buffer> {
  // The loop below sees the error; the callback is there so that nothing else does.
  pipeline(packed, unpacker, () => {});
  try {
    yield* unpacker;
  } catch (error) {
    throw new CaptureError('compressed', 0, `the input looks compressed, but cannot be unpacked: ${(error as Error).message}`);
  }
}
