import type { Transform } from 'node:stream';
import { crc32, createInflateRaw, createZstdDecompress, type Zlib } from 'node:zlib';
import { PackedInput } from './packed-input.ts';

/** Whether it begins like something that {@link unpacked} unpacks. */
export function isCompressed(start: Buffer): boolean {
  return isGzip(start) || isZstandard(start);
}

/**
 * The bytes of an input, unpacked if it is gzip or zstd, including several concatenated members or frames, as parallel packers and `cat`
 * produce them. What was unpacked before an error is returned first. Chunks are valid until the next one is requested.
 *
 * @param chunkSize bytes unpacked at once
 * @throws {CaptureError} `compressed` if it is cut or damaged, or followed by something else
 */
export async function* unpacked(chunks: AsyncIterable<Buffer>, chunkSize: number): AsyncGenerator<Buffer> {
  const input = new PackedInput(chunks);
  const isPacked = isCompressed(await input.peek(magicBytes));
  for (;;) {
    const start = await input.peek(magicBytes);
    if (!isPacked && start.length > 0) yield await input.some();
    else if (isGzip(start)) yield* gzipMember(input, chunkSize);
    else if (isZstandard(start)) yield* decoded(input, createZstdDecompress({ chunkSize }));
    // Zeros pad the last block of a tape.
    else if (await input.isZeros()) return;
    else throw input.problem('something else follows the compressed data');
  }
}

const magicBytes = 4;

/** RFC 1952, section 2.3.1. */
function isGzip(start: Buffer): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

/** A frame, or a skippable one (RFC 8878, sections 3.1.1 and 3.1.2). */
function isZstandard(start: Buffer): boolean {
  if (start.length < magicBytes) return false;
  const magic = start.readUInt32LE(0);
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5;
}

/** Optional fields of a gzip header (RFC 1952, section 2.3.1). */
const headerChecksum = 0x02;
const extraField = 0x04;
const fileName = 0x08;
const comment = 0x10;

async function* gzipMember(input: PackedInput, chunkSize: number): AsyncGenerator<Buffer> {
  const flags = (await input.take(10))[3]!;
  if (flags & extraField) await input.take((await input.take(2)).readUInt16LE(0));
  for (const text of [fileName, comment]) if (flags & text) while ((await input.take(1))[0] !== 0);
  if (flags & headerChecksum) await input.take(2);

  let checksum = 0;
  for await (const chunk of decoded(input, createInflateRaw({ chunkSize }))) {
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if ((await input.take(8)).readUInt32LE(0) !== checksum) throw input.problem('its checksum is wrong');
}

/** What a decoder unpacks from the input until its data ends, or the input. What follows the data is not consumed. */
async function* decoded(input: PackedInput, decoder: Transform & Zlib): AsyncGenerator<Buffer> {
  let wake = (): void => {};
  let failure: Error | undefined;
  let isOver = false;
  const end = (error?: Error): void => {
    failure ??= error;
    isOver = true;
    wake();
  };
  decoder.on('readable', () => wake()).on('end', end).on('error', end);

  let fed = 0;
  let piece: Buffer = Buffer.alloc(0);
  try {
    while (!isOver) {
      piece = await input.some();
      fed += piece.length;
      let isTaken = false;
      const taken = (): void => {
        isTaken = true;
        wake();
      };
      if (piece.length > 0) decoder.write(piece, taken);
      else decoder.end();
      // A piece that is not fully consumed means that the data has ended.
      while (!isOver && (!isTaken || decoder.bytesWritten < fed)) {
        const chunk = decoder.read() as Buffer | null;
        if (chunk !== null) yield chunk;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
      for (let chunk; (chunk = decoder.read() as Buffer | null) !== null;) yield chunk;
    }
    if (failure) throw input.problem(failure.message);
    input.giveBack(piece, fed - decoder.bytesWritten);
  } finally {
    decoder.destroy();
  }
}
