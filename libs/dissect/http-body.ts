import type { ByteStream } from './bytestream.ts';
import { decodeContent } from './content-encoding.ts';
import { isXmlData, looksLikeForm, startsLikeJson, wrappedJsonAt } from './content-shape.ts';
import { readDns } from './dns.ts';
import { FieldList, type FrameMap, type Place } from './fieldlist.ts';
import { mediaType, parameterOf } from './http-head.ts';
import type { Message, Sender } from './message.ts';
import { addMultipart } from './multipart.ts';
import type { StreamSession } from './protocol.ts';
import { hasControls } from './text.ts';
import { addPairs } from './urlencoded.ts';
import { scanXml } from './xml.ts';

/** Bytes by which forms are distinguished from binary data. */
const sampleBytes = 512;

/** What a message's headers say about its body. */
export interface BodyHead {
  /** The path under which the body's values are reported. */
  readonly path: 'http.request.body' | 'http.response.body';
  readonly contentType: string;
  /** The values of Content-Encoding, and of Transfer-Encoding without `chunked`. */
  readonly codings: string;
}

/** Adds the contents of a body to its message; a DNS body is emitted as a message of its own. */
export function readBody(session: StreamSession, message: Message, body: ByteStream, head: BodyHead): void {
  if (mediaType(head.contentType) === dnsMessageType) return emitDnsBody(session, message.sender, body, head.codings);
  const unread = addBody(new FieldList(message, session), body, head, session);
  if (head.path === 'http.request.body') message.payload = unread;
}

/**
 * Adds the values of a body. Returns the content if its format is unknown, so that the recogniser can scan it.
 *
 * The content type is only a hint: JSON is recognised by its first byte, and forms are posted under any type or none.
 */
function addBody(list: FieldList, body: ByteStream, { path, contentType, codings }: BodyHead, { options, counters }: StreamSession): Buffer | null {
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
  const below = (form: string): Place => ({ path: `${path}.${form}`, frames, encoding });
  if (startsLikeJson(bytes) && list.addJson(bytes, below('json'))) return null;
  if (path === 'http.response.body' && (addAnswer(list, bytes, below, options.maxDepth) || !isPlain(type))) return null;
  const boundary = type === 'multipart/form-data' ? parameterOf(contentType, 'boundary') : '';
  if (boundary !== '') {
    addMultipart(list, bytes, boundary, below('multipart'));
    return null;
  }
  if ((type === 'application/x-www-form-urlencoded' || looksLikeForm(bytes)) && !hasControls(bytes.subarray(0, sampleBytes))) {
    addPairs(list, bytes.toString('latin1'), 0, below('form'));
    return null;
  }
  return isMedia(type) ? null : bytes;
}

/** A type, or none, under which responses send forms; in a script or a page, `name=` is the beginning of something else. */
export function isPlain(type: string): boolean {
  return type === '' || type === 'text/plain' || type === 'application/x-www-form-urlencoded';
}

/** Adds data that responses send in a wrapper, or as XML. */
function addAnswer(list: FieldList, bytes: Buffer, below: (form: string) => Place, maxDepth: number): boolean {
  const at = wrappedJsonAt(bytes);
  if (at > 0) {
    const end = Math.max(bytes.lastIndexOf(CLOSE_BRACE), bytes.lastIndexOf(CLOSE_BRACKET)) + 1;
    const place = below('json');
    return list.addJson(bytes.subarray(at, end), { ...place, frames: { frameAt: (position) => place.frames.frameAt(at + position) } });
  }
  if (!isXmlData(bytes)) return false;
  const { path, frames, encoding } = below('xml');
  scanXml(
    bytes.toString('latin1'),
    maxDepth,
    (inner, key, value, end) => list.add(`${path}.${inner}`, key, value, encoding, frames.frameAt(end - 1)),
  );
  return true;
}

const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/** DNS over HTTP (RFC 8484): emits the message in the body, after decoding it. */
function emitDnsBody(session: StreamSession, sender: Sender, body: ByteStream, codings: string): void {
  const { options, counters, emit } = session;
  const last = body.length - 1;
  const bytes = codings === '' ? body.bytes() : decodeContent(body.bytes(), codings, options.maxBodyBytes).bytes;
  const message = readDns(bytes, 'dns', { sender, frame: body.frameAt(last), micros: body.microsAt(last) }, session);
  counters.add('dns', message === null ? 'malformed message' : 'messages');
  if (message !== null) emit(message);
}

export const dnsMessageType = 'application/dns-message';

/** Is this a type of body that is not worth keeping? Pictures, sound, video and fonts contain no identifiers in readable form. */
export function isMedia(type: string): boolean {
  return /^(?:image|audio|video|font)\//.test(type) && type !== 'image/svg+xml';
}
