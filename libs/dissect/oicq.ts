import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DatagramContext, DatagramProtocol } from './protocol.ts';

/**
 * OICQ, the protocol of QQ over UDP (Wireshark's packet-oicq.c): 0x02, version, command and sequence number of two bytes each, the user's QQ
 * number as a big-endian integer of four bytes, encrypted data, 0x03.
 */
export const oicq: DatagramProtocol = {
  name: 'oicq',
  recognise: recogniseOicq,
  read(payload, context, environment): Message {
    const message = createMessage('oicq', behindNumber, context);
    const fields = new FieldList(message, environment);
    fields.add('oicq.qq_number', 'qq_uin', payload.readUInt32BE(numberAt).toString(), 'u32be');
    return message;
  },
};

const behindNumber: Encryption = { verdict: 'encrypted', reason: 'OICQ data behind a cleartext QQ number' };

const START = 0x02;
const END = 0x03;
const PORT = 8000;
const numberAt = 7;
const shortest = 12;
/** QQ numbers begin at 10000. */
const leastNumber = 10_000;
const commands = new Set([
  0x01, 0x02, 0x04, 0x05, 0x06, 0x09, 0x0a, 0x0b, 0x0d, 0x0e, 0x12, 0x16, 0x17, 0x18, 0x1a, 0x1c, 0x1d, 0x1e, 0x22, 0x26, 0x27, 0x29, 0x30, 0x31,
  0x3c, 0x3d, 0x3e, 0x58, 0x5a, 0x5c, 0x5e, 0x62, 0x65, 0x66, 0x67, 0x80, 0x81, 0xb5, 0xb9, 0xba, 0xdd, 0xe1, 0xe5, 0xe6, 0xe7,
]);

/** Both ends must have their marker; in addition, the command must be a known one, or the port that of the service. */
function recogniseOicq(payload: Buffer, { sourcePort, destinationPort }: DatagramContext): boolean {
  if (payload.length < shortest || payload[0] !== START || payload[payload.length - 1] !== END) return false;
  if (payload.readUInt32BE(numberAt) < leastNumber) return false;
  const version = payload.readUInt16BE(1);
  if (version === 0 || version > 0x3fff) return false;
  return sourcePort === PORT || destinationPort === PORT ? payload[3] === 0 : commands.has(payload.readUInt16BE(3)) && version >= 0x0a00;
}
