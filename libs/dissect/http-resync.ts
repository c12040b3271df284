import type { ByteStream } from './bytestream.ts';

/** Bytes by which a version is judged, with those that precede it: `HTTP/1.1 2`. */
const versionBytes = 10;

/**
 * Finds where the next request or response begins in bytes whose beginning was lost; -1 if there is none. No version stands in the first
 * `searched` bytes: see {@link searchedBytes}.
 *
 * A request line must be at the beginning of a line or of a packet; a status line may be anywhere, since the body before it need not end with
 * a line end.
 */
export function findMessageStart(stream: ByteStream, searched: number): number {
  const bytes = stream.bytes();
  let version = bytes.indexOf('HTTP/1.', searched, 'latin1');
  while (version >= 0) {
    if (bytes[version - 1] === SPACE) {
      const start = requestStart(stream, bytes, version);
      if (start >= 0) return start;
    } else if (isStatusLine(bytes, version)) {
      return version;
    }
    version = bytes.indexOf('HTTP/1.', version + 1, 'latin1');
  }
  return -1;
}

/** How many bytes need not be searched again when more have arrived: those after them may be the beginning of a version. */
export function searchedBytes(stream: ByteStream): number {
  return Math.max(0, stream.length - versionBytes + 1);
}

function isStatusLine(bytes: Buffer, version: number): boolean {
  return /^[01] \d$/.test(bytes.toString('latin1', version + 7, Math.min(version + versionBytes, bytes.length)));
}

/** Start of the line that has `HTTP/1.` at `version`: after a line end, or where its packet or the previous one begins. */
function requestStart(stream: ByteStream, bytes: Buffer, version: number): number {
  const line = bytes.lastIndexOf(0x0a, version) + 1;
  const packet = stream.packetStart(version);
  const before = packet > 0 ? stream.packetStart(packet - 1) : 0;
  for (const start of [packet, before, line]) {
    if (start >= line && requestBeginning.test(bytes.toString('latin1', start, Math.min(start + 36, version)))) return start;
  }
  return -1;
}

const requestBeginning = /^[A-Za-z][A-Za-z_-]{0,31} +[!-~]/;

const SPACE = 0x20;
