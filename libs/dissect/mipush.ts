import { FieldList } from './fieldlist.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { visitProtobuf } from './protobuf.ts';
import type { Recognition } from './protocol.ts';

/**
 * Xiaomi's push service (TCP 5222), as seen in captures: `C2 FE`, version 5, four-byte length, body, four-byte checksum.
 * The body of the first frames consists of type, header length, payload length (2, 2, 4 bytes), and header and payload as Protocol Buffers:
 * field 5 of the header is the command; the payload of the client's `CONN` identifies the device. All later frames are encrypted.
 */
export const mipush = framedProtocol('mipush', recogniseMipush, () => new MipushReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'MiPush CONN' };

const session: Encryption = { verdict: 'encrypted', reason: 'MiPush session' };

const magic = Buffer.from('c2fe0005', 'hex');
const frameHeader = 8;
const checksum = 4;
const bodyHeader = 8;
const COMMAND = 5;

function recogniseMipush(bytes: Buffer): Recognition {
  const length = Math.min(bytes.length, magic.length);
  if (bytes.compare(magic, 0, length, 0, length) !== 0) return 'no';
  return length === magic.length ? 'yes' : 'more';
}

/** Fields of CONN whose meaning is known from captures. */
const connFields: Record<number, readonly [name: string, key: string]> = {
  2: ['model', 'model'],
  3: ['rom', 'rom'],
  4: ['device_id', 'device_id'],
  6: ['network', 'network'],
  7: ['server', 'server'],
  8: ['locale', 'locale'],
};

class MipushReader implements FrameReader {
  /** Whether the flow was already reported. */
  #told = false;

  lengthOf(bytes: Buffer): number {
    if (recogniseMipush(bytes) === 'no') return -1;
    return bytes.length < frameHeader ? 0 : frameHeader + bytes.readUInt32BE(4) + checksum;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const body = bytes.subarray(frameHeader, bytes.length - checksum);
    const payloadStart = payloadOfConn(body);
    if (payloadStart < 0) {
      if (this.#told || body.length === 0) return null;
      this.#told = true;
      return createMessage('mipush', session, context);
    }
    this.#told = true;
    const message = createMessage('mipush', cleartext, context);
    if (context.sender === 'destination') return message;
    const fields = new FieldList(message, context);
    const isSound = visitProtobuf(body.subarray(payloadStart), {
      bytes(field, value) {
        const known = connFields[field];
        if (known !== undefined) fields.add(`mipush.conn.${known[0]}`, known[1], value.toString('utf8'));
      },
    });
    if (!isSound) context.counters.add('mipush', 'malformed CONN');
    return message;
  }
}

/** Where the payload of a CONN begins in a body; -1 if it is not a CONN, or encrypted. */
function payloadOfConn(body: Buffer): number {
  if (body.length < bodyHeader || body.readUInt16BE(0) !== 2) return -1;
  const start = bodyHeader + body.readUInt16BE(2);
  if (start + body.readUInt32BE(4) !== body.length) return -1;
  let command = '';
  visitProtobuf(body.subarray(bodyHeader, start), {
    bytes(field, value) {
      if (field === COMMAND) command = value.toString('latin1');
    },
  });
  return command === 'CONN' ? start : -1;
}
