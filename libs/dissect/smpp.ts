import { FieldList } from './fieldlist.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { Recognition } from './protocol.ts';
import { ByteReader } from './reader.ts';

/** SMPP 3.4 (SMS Forum): name and password of the sending system, and the numbers between which short messages go. */
export const smpp = framedProtocol('smpp', recogniseSmpp, () => new SmppReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'SMPP' };

const headerBytes = 16;
const maxLength = 65_536;
const RESPONSE = 0x80000000;

const binds = new Set([1, 2, 9]);
const SUBMIT = 4;
const DELIVER = 5;
/** bind, query, submit, deliver, unbind, replace, cancel, outbind, enquire_link, submit_multi, alert, data. */
const commands = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0b, 0x15, 0x21, 0x102, 0x103]);

function recogniseSmpp(bytes: Buffer): Recognition {
  if (bytes[0] !== 0) return 'no';
  if (bytes.length < headerBytes) return bytes.length >= 8 && !isHeader(bytes) ? 'no' : 'more';
  return isHeader(bytes) && bytes.readUInt32BE(8) <= 0x4ff && bytes.readUInt32BE(12) !== 0 ? 'yes' : 'no';
}

function isHeader(bytes: Buffer): boolean {
  const length = bytes.readUInt32BE(0);
  return length >= headerBytes && length <= maxLength && commands.has(bytes.readUInt32BE(4) % RESPONSE);
}

class SmppReader implements FrameReader {
  lengthOf(bytes: Buffer): number {
    if (bytes.length < 8) return 0;
    return isHeader(bytes) ? bytes.readUInt32BE(0) : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const command = bytes.readUInt32BE(4);
    const message = createMessage('smpp', cleartext, context);
    const fields = new FieldList(message, context);
    const reader = new ByteReader(bytes, headerBytes);
    const text = (): string => reader.terminated().toString('latin1');
    if (binds.has(command)) {
      fields.add('smpp.bind.system_id', 'username', text());
      fields.add('smpp.bind.password', 'password', text());
      fields.add('smpp.bind.system_type', '', text());
    } else if (command === SUBMIT || command === DELIVER) {
      text();
      for (const end of ['source', 'destination']) {
        // Type of number and numbering plan.
        reader.skip(2);
        fields.add(`smpp.message.${end}`, 'smpp_msisdn', text().replace(/^\+/, ''));
      }
    } else return null;
    if (reader.failed) context.counters.add('smpp', 'malformed packet');
    return message;
  }
}
