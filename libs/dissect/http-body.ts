import type { ByteStream } from './bytestream.ts';
import { decodeContent } from './content-encoding.ts';
import { isXmlData, looksLikeForm, startsLikeJson, wrappedJsonAt } from './content-shape.ts';
import type { DissectCounters } from './counters.ts';
import { readDns } from './dns.ts';
import type { FieldList, FrameMap } from './fieldlist.ts';
import { mediaType, parameterOf } from './http-head.ts';
import type { Sender } from './message.ts';
import { addMultipart } from './multipart.ts';
import type { DissectOptions } from './options.ts';
import type { StreamSession } from './protocol.ts';
import { hasControls } from './text.ts';
import { addPairs } from './urlencoded.ts';
import { scanXml } from './xml.ts';

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
  if (path === 'http.response.body' && (addAnswer(list, bytes, frames, encoding, options) || !isPlain(type))) return null;
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

/** A type, or none, under which answers send forms; in a script or a page `name=` begins something else. */
export function isPlain(type: string): boolean {
  return type === '' || type === 'text/plain' || type === 'application/x-www-form-urlencoded';
}

/** Data that answers bring in a wrapper, or as XML. */
function addAnswer(list: FieldList, bytes: Buffer, frames: FrameMap, encoding: string, options: DissectOptions): boolean {
  const at = wrappedJsonAt(bytes);
  if (at > 0) {
    const end = Math.max(bytes.lastIndexOf(CLOSE_BRACE), bytes.lastIndexOf(CLOSE_BRACKET)) + 1;
    return list.addJson('http.response.body.json', bytes.subarray(at, end), { frameAt: (position) => frames.frameAt(at + position) }, encoding);
  }
  if (!isXmlData(bytes)) return false;
  scanXml(bytes.toString('latin1'), options.maxDepth, (path, key, value, end) =>
    list.add(`http.response.body.xml.${path}`, key, value, encoding, frames.frameAt(end - 1)),
  );
  return true;
}

const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/** DNS over HTTP (RFC 8484): the message that a body is, undone from its codings. */
export function emitDnsBody({ options, counters, emit }: StreamSession, sender: Sender, body: ByteStream, codings: string): void {
  const last = body.length - 1;
  const bytes = codings === '' ? body.bytes() : decodeContent(body.bytes(), codings, options.maxBodyBytes).bytes;
  const message = readDns(bytes, 'dns', sender, body.frameAt(last), body.microsAt(last), options, counters);
  if (message === null) counters.add('dns', 'malformed message');
  else emit(message);
}

export const dnsMessageType = 'application/dns-message';

/** Is a body of this type worth keeping? Pictures, sound, video and fonts name nobody in a form that could be read. */
export function isMedia(type: string): boolean {
  return /^(?:image|audio|video|font)\//.test(type) && type !== 'image/svg+xml';
}
