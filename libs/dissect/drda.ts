import { decodeEbcdic } from './ebcdic.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { password, userName } from './login.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition } from './protocol.ts';

/**
 * DRDA, the protocol of Db2 and Derby (The Open Group, DRDA Version 5, volume 3): logins, with the password if it is sent in clear. Names are in
 * EBCDIC, unless both sides agreed on UTF-8.
 */
export const drda = framedProtocol('drda', recogniseDrda, () => new DrdaReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'DRDA' };

/** Length, magic byte, format, correlation id; then objects, each with a length and a code point. */
const header = 6;
const objectHead = 4;
const MARK = 0xd0;
const [EXCHANGE_ATTRIBUTES, SECURITY_CHECK] = [0x1041, 0x106e];
const [USER, PASSWORD] = [0x11a0, 0x11a1];

/** A client begins by sending its attributes. */
function recogniseDrda(bytes: Buffer): Recognition {
  if (bytes.length > 2 && bytes[2] !== MARK) return 'no';
  if (bytes.length < header + objectHead) return 'more';
  return bytes.readUInt16BE(0) === header + bytes.readUInt16BE(header) && bytes.readUInt16BE(header + 2) === EXCHANGE_ATTRIBUTES ? 'yes' : 'no';
}

class DrdaReader implements FrameReader {
  #told = false;

  lengthOf(bytes: Buffer): number {
    if (bytes.length < header) return 0;
    const length = bytes.readUInt16BE(0);
    return bytes[2] === MARK && length >= header + objectHead && length <= 0x7fff ? length : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const isLogin = bytes.readUInt16BE(header + 2) === SECURITY_CHECK;
    // Statements and results follow, which are treated like any other unclaimed bytes.
    if (isLogin) context.restart();
    if (this.#told && !isLogin) return null;
    this.#told = true;
    const message = createMessage('drda', cleartext, context);
    if (isLogin) addNamed(message, readParameters(bytes), context);
    return message;
  }
}

function readParameters(bytes: Buffer): NamedValue[] {
  const values: NamedValue[] = [];
  for (let at = header + objectHead; at + objectHead <= bytes.length;) {
    const end = at + bytes.readUInt16BE(at);
    if (end < at + objectHead || end > bytes.length) break;
    const value = bytes.subarray(at + objectHead, end);
    if (bytes.readUInt16BE(at + 2) === USER) values.push(userName(textOf(value)));
    if (bytes.readUInt16BE(at + 2) === PASSWORD) values.push(password(textOf(value)));
    at = end;
  }
  return values;
}

/** ASCII letters and digits are below 0x80, those of EBCDIC are all above. */
function textOf(value: Buffer): string {
  const isAscii = value.some((byte) => byte >= 0x30 && byte <= 0x7a && byte !== 0x40 && byte !== 0x60);
  const isEbcdic = value.some((byte) => (byte >= 0x81 && byte <= 0xa9) || (byte >= 0xc1 && byte <= 0xf9));
  return (isEbcdic && !isWholeUtf8(value) ? decodeEbcdic(value) : isAscii ? value.toString('utf8') : decodeEbcdic(value)).trim();
}

function isWholeUtf8(value: Buffer): boolean {
  return !value.toString('utf8').includes('\uFFFD');
}
