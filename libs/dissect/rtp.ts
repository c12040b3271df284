/**
 * Does the payload look like RTP (RFC 3550, section 5.1) or RTCP (section 6.1)?
 *
 * RTP has no signature apart from two version bits, so the payload after the header must not look like text: a protocol that only begins like RTP
 * is left to the recogniser. G.711 audio contains long runs of printable bytes; it is recognised by its length, a multiple of 10 ms.
 */
export function isRtp(payload: Buffer): boolean {
  if (payload.length < 8 || (payload[0]! & 0xc0) !== 0x80) return false;
  if (isMapOfMessagePack(payload)) return false;
  if (isRtcp(payload)) return 4 * (payload.readUInt16BE(2) + 1) <= payload.length;
  const header = headerLength(payload);
  if (header === 0 || header >= payload.length) return false;
  const type = payload[1]! & 0x7f;
  if (type === PCMU || type === PCMA) return (payload.length - header) % 80 === 0;
  return (type <= LAST_STATIC || type >= FIRST_DYNAMIC) && !readsLikeText(payload, header);
}

/** A small MessagePack map whose first key has one or two letters: as RTP, it would be two mixed sources and a marked packet of types 33 or 34. */
function isMapOfMessagePack(payload: Buffer): boolean {
  if ((payload[0]! & 0x0f) === 0 || (payload[1] !== 0xa1 && payload[1] !== 0xa2)) return false;
  for (let i = 2; i < 2 + (payload[1]! & 0x1f); i++) if (!isLetter(payload[i]!)) return false;
  return true;
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

/** Is a packet that passed {@link isRtp} RTCP? Both share a port, and RTP does not use these types (RFC 5761, section 4). */
export function isRtcp(payload: Buffer): boolean {
  return payload[1]! >= RTCP_FIRST && payload[1]! <= RTCP_LAST;
}

/** Where the payload of an RTP packet begins; past its end if the header does not fit. */
export function rtpPayloadStart(packet: Buffer): number {
  return headerLength(packet) || packet.length;
}

const RTCP_FIRST = 200;
const RTCP_LAST = 211;
const PCMU = 0;
const PCMA = 8;
/** Payload types up to here denote one codec each (RFC 3551, tables 4 and 5). */
export const LAST_STATIC = 34;
const FIRST_DYNAMIC = 96;

/** Length of the fixed header, the contributing sources and the extension; 0 if they do not fit. */
function headerLength(payload: Buffer): number {
  let length = 12 + 4 * (payload[0]! & 0x0f);
  if ((payload[0]! & 0x10) !== 0) {
    if (length + 4 > payload.length) return 0;
    length += 4 + 4 * payload.readUInt16BE(length + 2);
  }
  return length <= payload.length ? length : 0;
}

const sampleBytes = 256;
/** A run of printable bytes that random data do not contain: probability below 10^-5 per sample. */
const textRun = 16;

function readsLikeText(payload: Buffer, start: number): boolean {
  const end = Math.min(payload.length, start + sampleBytes);
  let run = 0;
  for (let i = start; i < end; i++) {
    const byte = payload[i]!;
    run = byte >= 0x20 && byte < 0x7f ? run + 1 : 0;
    if (run >= textRun) return true;
  }
  // A short payload that is entirely text.
  return run === end - start && run >= 4;
}
