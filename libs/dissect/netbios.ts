import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DatagramContext, DatagramProtocol } from './protocol.ts';

/**
 * NetBIOS over UDP (RFC 1002): the name service, by which a host claims its name, and the datagram service, where each datagram carries its
 * sender's name.
 */
export const netbios: DatagramProtocol = {
  name: 'netbios',
  recognise: (payload, context) => isNameService(payload, context) || isDatagram(payload, context),
  read(payload, context, environment): Message {
    const message = createMessage('netbios', cleartext, context);
    const fields = new FieldList(message, environment);
    const name = isNameService(payload, context) ? claimedName(payload) : readName(payload, sourceNameAt);
    if (name !== null && !name.isGroup && hostSuffixes.has(name.suffix)) fields.add('netbios.host_name', 'netbios_name', name.text);
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'NetBIOS' };

const NAME_SERVICE = 137;
const DATAGRAM_SERVICE = 138;
const headerBytes = 12;
/** Length of an encoded name, and its size including length byte and terminator. */
const encodedName = 32;
const nameBytes = encodedName + 2;
const shortestName = headerBytes + nameBytes + 4;

/** Operations by which a host claims a name (section 4.2.1.1): registration, refresh (two codes), multi-homed registration. */
const claims = new Set([5, 8, 9, 15]);
/** Service suffixes under which a host registers its own name (Microsoft KB 163409): workstation, messenger, file server. */
const hostSuffixes = new Set([0x00, 0x03, 0x20]);
/** Source name of a datagram: after type, flags, id, address, port, length and offset (section 4.4.1). */
const sourceNameAt = 14;
const groupFlag = 0x8000;

function isNameService(payload: Buffer, { sourcePort, destinationPort }: DatagramContext): boolean {
  return (
    (sourcePort === NAME_SERVICE || destinationPort === NAME_SERVICE) &&
    payload.length >= shortestName &&
    payload[headerBytes] === encodedName &&
    readName(payload, headerBytes) !== null
  );
}

function isDatagram(payload: Buffer, { sourcePort, destinationPort }: DatagramContext): boolean {
  return (
    sourcePort === DATAGRAM_SERVICE &&
    destinationPort === DATAGRAM_SERVICE &&
    payload[0]! >= 0x10 &&
    payload[0]! <= 0x12 &&
    readName(payload, sourceNameAt) !== null
  );
}

interface NetbiosName {
  text: string;
  suffix: number;
  isGroup: boolean;
}

/** The name in a request by which a host claims it; null for queries and responses. */
function claimedName(payload: Buffer): NetbiosName | null {
  const isRequest = payload[2]! < 0x80;
  if (!isRequest || !claims.has((payload[2]! >> 3) & 0x0f)) return null;
  const name = readName(payload, headerBytes);
  // An additional record repeats the name as a pointer; its flags precede the address (section 4.2.2).
  const flagsAt = headerBytes + nameBytes + 4 + 2 + 10;
  if (name !== null && payload.length >= flagsAt + 2) name.isGroup = (payload.readUInt16BE(flagsAt) & groupFlag) !== 0;
  return name;
}

/** Two letters from A to P per byte; the last of the 16 bytes is the service, the others are padded with spaces (section 4.1). */
function readName(payload: Buffer, at: number): NetbiosName | null {
  if (payload[at] !== encodedName || payload.length < at + nameBytes) return null;
  const bytes = Buffer.alloc(encodedName / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = payload[at + 1 + 2 * i]! - 0x41;
    const low = payload[at + 2 + 2 * i]! - 0x41;
    if (high < 0 || high > 15 || low < 0 || low > 15) return null;
    bytes[i] = high * 16 + low;
  }
  const text = bytes.toString('latin1', 0, 15).trimEnd().replaceAll('\0', '');
  return { text, suffix: bytes[15]!, isGroup: false };
}
