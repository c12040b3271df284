import { constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { mayBeDeflatedText } from './deflate-block.ts';

/** Bound on the decompressed bytes; the rest is ignored. */
const mostInflated = 64 * 1024;

export interface Inflated {
  encoding: 'gzip' | 'deflate';
  bytes: Buffer;
}

/**
 * Decompresses gzip (RFC 1952) or zlib (RFC 1950) data at the start of `bytes`; null if it is neither, or damaged at its start. Truncated data yields
 * what it contains.
 */
export function inflate(bytes: Buffer): Inflated | null {
  if (bytes.length < 8) return null;
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
  if (!isGzip && !isZlib(bytes)) return null;
  const inflated = attempt(bytes, isGzip);
  return inflated === null || inflated.length === 0 ? null : { encoding: isGzip ? 'gzip' : 'deflate', bytes: inflated };
}

/** Method 8, a window of at most 32 KB, no preset dictionary, and a valid header checksum. */
function isZlib(bytes: Buffer): boolean {
  return (bytes[0]! & 0x8f) === 8 && (bytes[1]! & 0x20) === 0 && bytes.readUInt16BE(0) % 31 === 0;
}

function attempt(bytes: Buffer, isGzip: boolean): Buffer | null {
  const options = { maxOutputLength: mostInflated, finishFlush: constants.Z_SYNC_FLUSH };
  for (let input = bytes; input.length > 0; input = input.subarray(0, input.length >> 1)) {
    try {
      return isGzip ? gunzipSync(input, options) : inflateSync(input, options);
    } catch (error) {
      // Node yields nothing at all if the result exceeds the bound; half of the input yields the beginning.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') return null;
    }
  }
  return null;
}

/** Shortest input tried as raw deflate, which has no signature. */
const leastBare = 40;

/** Text in deflate without a wrapper (RFC 1951), as in SAML requests (SAML 2.0 Bindings, section 3.4.4.1); null if the bytes are not. */
export function inflateText(bytes: Buffer): string | null {
  if (bytes.length < leastBare || !mayBeDeflatedText(bytes)) return null;
  try {
    const inflated = inflateRawSync(bytes, { maxOutputLength: mostInflated });
    const text = inflated.length > bytes.length ? inflated.toString('utf8') : '';
    return text === '' || text.includes('\uFFFD') ? null : text;
  } catch {
    return null;
  }
}
