import { readDns } from './dns.ts';
import { isDnsHeader, parseDns } from './dns-message.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import type { Message } from './message.ts';
import type { Recognition } from './protocol.ts';

/** DNS over TCP: messages with a two-byte length prefix (RFC 1035, section 4.2.2). */
export const dnsOverTcp = framedProtocol('dns', recogniseDns, () => new DnsReader());

const prefix = 2;
const headerBytes = 12;
/** The longest question: a name of 255 bytes, type and class. */
const maxQuestion = 259;

/** Longest first message that is accepted; ASCII text would have a larger length prefix. */
const maxFirstMessage = 0x1fff;

/** A message begins with a plausible header and one question. */
function recogniseDns(bytes: Buffer): Recognition {
  if (bytes[0]! > maxFirstMessage >> 8) return 'no';
  // The question count is 1; its first byte, 0, excludes text.
  if (bytes.length > 6 && bytes[6] !== 0) return 'no';
  if (bytes.length > 7 && bytes[7] !== 1) return 'no';
  if (bytes.length < prefix + headerBytes) return 'more';
  const length = bytes.readUInt16BE(0);
  if (length < headerBytes + 5 || !isDnsHeader(bytes.subarray(prefix))) return 'no';
  const isQuery = bytes[4]! < 0x80;
  if (isQuery && bytes.readUInt16BE(8) !== 0) return 'no';
  if (bytes.readUInt16BE(10) > 64 || bytes.readUInt16BE(12) > 64) return 'no';
  const needed = prefix + Math.min(length, headerBytes + maxQuestion);
  const message = parseDns(bytes.subarray(prefix, prefix + length));
  if (message !== null) return 'yes';
  return bytes.length < needed ? 'more' : 'no';
}

/** Whether a message with exactly one question, and no bytes left over, is at an arbitrary position. */
function resumesDns(bytes: Buffer, position: number): Recognition {
  if ((bytes[position + 6] ?? 0) !== 0 || (bytes[position + 7] ?? 1) !== 1) return 'no';
  const recognition = recogniseDns(bytes.subarray(position));
  if (recognition !== 'yes') return recognition;
  const start = position + prefix;
  const length = bytes.readUInt16BE(position);
  if (start + length > bytes.length) return 'more';
  const message = parseDns(bytes.subarray(start, start + length))!;
  return message.complete && message.length === length ? 'yes' : 'no';
}

class DnsReader implements FrameReader {
  lengthOf(bytes: Buffer): number {
    return bytes.length < prefix ? 0 : prefix + bytes.readUInt16BE(0);
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const message = readDns(bytes.subarray(prefix), 'dns', context, context);
    if (message === null) context.counters.add('dns', 'malformed message');
    return message;
  }

  resumes = resumesDns;
}
