import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { password, userName } from './login.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import { ntlmLogin } from './ntlm.ts';
import type { Recognition } from './protocol.ts';

/** TDS 7 of Microsoft SQL Server ([MS-TDS]): logins that are not encrypted, and the readable parts of queries and their results. */
export const tds = framedProtocol('tds', recogniseTds, () => new TdsReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'TDS' };
const encrypted: Encryption = { verdict: 'encrypted', reason: 'TLS in TDS' };

const header = 8;
const [LOGIN, PRELOGIN] = [0x10, 0x12];
const TLS_HANDSHAKE = 0x16;
/** Offsets in LOGIN7 (section 2.2.6.4) of the entries with start and length in characters of a text. */
const [HOST, USER, SECRET] = [36, 40, 44];
const longestName = 128;

/** A client's first packet: type, status, length, then zeros and a number. */
function recogniseTds(bytes: Buffer): Recognition {
  if ((bytes[0] !== LOGIN && bytes[0] !== PRELOGIN) || (bytes.length > 1 && bytes[1]! > 1)) return 'no';
  if (bytes.length < header + 1) return 'more';
  const isSound = bytes.readUInt16BE(2) > header && bytes.readUInt16BE(4) === 0 && bytes[6]! <= 1 && bytes[7] === 0;
  return isSound && (bytes[0] === LOGIN || bytes[header] === 0 || bytes[header] === TLS_HANDSHAKE) ? 'yes' : 'no';
}

class TdsReader implements FrameReader {
  readonly encryption = cleartext;

  lengthOf(bytes: Buffer): number {
    if (bytes.length < header) return 0;
    const length = bytes.readUInt16BE(2);
    return length >= header ? length : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    if (bytes[0] === PRELOGIN && bytes[header] === TLS_HANDSHAKE) {
      context.finish();
      return createMessage('tds', encrypted, context);
    }
    const isLogin = bytes[0] === LOGIN;
    if (isLogin) context.pass();
    else if (bytes[0] !== PRELOGIN) return null;
    const message = createMessage('tds', cleartext, context);
    if (isLogin) addNamed(message, loginValues(bytes.subarray(header)), context);
    return message;
  }

  content(bytes: Buffer): Buffer {
    return bytes.subarray(header);
  }
}

function loginValues(login: Buffer): NamedValue[] {
  const workstation = { name: 'login.workstation', key: 'netbios_name', value: textAt(login, HOST) };
  const secret = Buffer.from(Buffer.from(textAt(login, SECRET), 'utf16le').map((byte) => nibblesSwapped(byte ^ 0xa5))).toString('utf16le');
  return [workstation, userName(textAt(login, USER)), { ...password(secret), encoding: 'tds' }, ...ntlmLogin(login)];
}

function textAt(login: Buffer, place: number): string {
  if (login.length < place + 4) return '';
  const start = login.readUInt16LE(place);
  const end = start + 2 * login.readUInt16LE(place + 2);
  return end > login.length || end - start > 2 * longestName ? '' : login.toString('utf16le', start, end);
}

/** Passwords are sent with the nibbles of each byte swapped, and then XORed. */
function nibblesSwapped(byte: number): number {
  return ((byte << 4) | (byte >> 4)) & 0xff;
}
