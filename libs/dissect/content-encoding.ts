import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** How many codings of one body are decoded in succession; no legitimate sender uses more. */
const maxCodings = 3;

export interface DecodedContent {
  /** The decoded bytes, up to the bound; empty if nothing could be decoded. */
  bytes: Buffer;
  /** Codings that were decoded, outermost first, joined by `>`. */
  encoding: string;
  /** Why `bytes` is incomplete: `bounded content`, `malformed content`, `unknown content coding`. Empty if it is complete. */
  problem: string;
}

/** Decodes a body according to a Content-Encoding or Transfer-Encoding value. A truncated body is decoded as far as it goes. */
export function decodeContent(body: Buffer, codings: string, maxBytes: number): DecodedContent {
  const decoded: DecodedContent = { bytes: body, encoding: '', problem: '' };
  const names = codings.toLowerCase().split(',').map((name) => name.trim()).filter((name) => name !== '' && name !== 'identity');
  // The last one was applied last.
  for (const name of names.slice(-maxCodings).reverse()) {
    const inflate = decoders[name];
    if (inflate === undefined) return { bytes: none, encoding: decoded.encoding, problem: 'unknown content coding' };
    inflateInto(decoded, inflate, maxBytes);
    decoded.encoding = decoded.encoding === '' ? name : `${decoded.encoding}>${name}`;
  }
  if (names.length > maxCodings) return { bytes: none, encoding: decoded.encoding, problem: 'bounded content' };
  return decoded;
}

type Inflate = (body: Buffer, maxOutputLength: number) => Buffer;

const zlibFlush = constants.Z_SYNC_FLUSH;

/** Decoders by registered name of the coding (RFC 9110, section 8.4.1; RFC 7932; RFC 8878). They flush, so that a truncated body is no error. */
const decoders: Record<string, Inflate | undefined> = {
  __proto__: null as never,
  gzip: inflateGzip,
  'x-gzip': inflateGzip,
  deflate: inflateDeflate,
  br: (body, maxOutputLength) => brotliDecompressSync(body, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: (body, maxOutputLength) => zstdDecompressSync(body, { maxOutputLength, finishFlush: constants.ZSTD_e_flush }),
};

function inflateGzip(body: Buffer, maxOutputLength: number): Buffer {
  return gunzipSync(body, { maxOutputLength, finishFlush: zlibFlush });
}

/** `deflate` is the zlib format, but some senders omit its wrapper. */
function inflateDeflate(body: Buffer, maxOutputLength: number): Buffer {
  const wrapped = body.length >= 2 && (body[0]! & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
  return (wrapped ? inflateSync : inflateRawSync)(body, { maxOutputLength, finishFlush: zlibFlush });
}

/**
 * Node's synchronous decoders return nothing at all if the output exceeds the bound. The beginning of the body then gives the beginning of the
 * content, so the body is halved until its output fits.
 */
function inflateInto(content: DecodedContent, inflate: Inflate, maxBytes: number): void {
  let body = content.bytes;
  while (body.length > 0) {
    try {
      content.bytes = inflate(body, maxBytes);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') {
        content.problem = 'malformed content';
        break;
      }
      content.problem = 'bounded content';
      body = body.subarray(0, body.length >> 1);
    }
  }
  content.bytes = none;
}

const none = Buffer.alloc(0);
