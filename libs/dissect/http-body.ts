import type { ByteStream } from './bytestream.ts';
import { decodeContent } from './content-encoding.ts';
import type { DissectCounters } from './counters.ts';
import { emitDns } from './dns.ts';
import type { FieldList, FrameMap } from './fieldlist.ts';
import { mediaType, parameterOf } from './http-head.ts';
import type { Sender } from './message.ts';
import { addMultipart } from './multipart.ts';
import type { DissectOptions } from './options.ts';
import type { StreamSession } from './protocol.ts';
import { hasControls } from './text.ts';
import { addPairs } from './urlencoded.ts';

/** Bytes by which a form is told from binary. */
const sampleBytes = 512;

/** Where a body's values stand. */
export type BodyPath = 'http.request.body' | 'http.response.body';

/**
 * Adds the values of a body. Returns the content when it has no form that is known here, so that the recogniser can scan it.
 *
 * The content type is a hint only: JSON is known by its first byte, and forms are posted under any type or none.
 */
export function addBody(
  list: FieldList, path: BodyPath, body: ByteStream, contentType: string, codings: string, options: DissectOptions, counters: DissectCounters,
): Buffer | null {
  let bytes = body.bytes();
  let frames: FrameMap = body;
  let encoding = '';
  if (codings !== '') {
    const lastFrame = body.frameAt(body.length - 1);
    const decoded = decodeContent(bytes, codings, options.maxBodyBytes);
    if (decoded.problem !== '') counters.add('http', decoded.problem);
    bytes = decoded.bytes;
    encoding = decoded.encoding;
    frames = { frameAt: () => lastFrame };
  }
  if (bytes.length === 0) return null;

  const type = mediaType(contentType);
  if (startsLikeJson(bytes) && list.addJson(`${path}.json`, bytes, frames, encoding)) return null;
  if (type === 'multipart/form-data') {
    const boundary = parameterOf(contentType, 'boundary');
    if (boundary !== '') {
      addMultipart(list, `${path}.multipart`, bytes, boundary, frames, encoding);
      return null;
    }
  }
  if (type === 'application/x-www-form-urlencoded' || looksLikeForm(bytes)) {
    if (!hasControls(bytes.subarray(0, sampleBytes))) {
      addPairs(list, `${path}.form`, bytes.toString('latin1'), 0, frames, encoding);
      return null;
    }
  }
  return isMedia(type) ? null : bytes;
}

/** DNS over HTTP (RFC 8484): the message that a body is, undone from its codings. */
export function emitDnsBody({ options, counters, emit }: StreamSession, sender: Sender, body: ByteStream, codings: string): void {
  const last = body.length - 1;
  const bytes = codings === '' ? body.bytes() : decodeContent(body.bytes(), codings, options.maxBodyBytes).bytes;
  if (!emitDns(bytes, 'dns', sender, body.frameAt(last), body.microsAt(last), emit, options, counters)) counters.add('dns', 'malformed message');
}

export const dnsMessageType = 'application/dns-message';

/** Is a body of this type worth keeping? Pictures, sound, video and fonts name nobody in a form that could be read. */
export function isMedia(type: string): boolean {
  return /^(?:image|audio|video|font)\//.test(type) && type !== 'image/svg+xml';
}

/** Does the content begin with `{` or `[`? */
export function startsLikeJson(bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 0x7b || byte === 0x5b) return true;
    if (byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf) return false;
  }
  return false;
}

/** `key=value`, where the key is a name. */
function looksLikeForm(bytes: Buffer): boolean {
  return /^[A-Za-z_][\w.[\]-]{0,63}=/.test(bytes.toString('latin1', 0, 80)) && !hasControls(bytes.subarray(0, sampleBytes));
}
