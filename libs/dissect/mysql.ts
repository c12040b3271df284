import { addNamed } from './fieldlist.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import type { Recognition } from './protocol.ts';
import { userName } from './sasl.ts';

/** MySQL and MariaDB (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html): who logs in, and what can be read of queries and their results. */
export const mysql = framedProtocol('mysql', recogniseMysql, () => new MysqlReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'MySQL' };

/** A length of three bytes, little-endian, and a sequence number. */
const header = 4;
const PROTOCOL_10 = 10;
/** The packet by which a client asks for TLS is a login that ends before the user name. */
const loginHead = 32;
const [COMPRESS, PROTOCOL_41, SSL] = [0x20, 0x200, 0x800];
const CHANGE_USER = 0x11;

/** The server greets: protocol 10, and its version as text. */
function recogniseMysql(bytes: Buffer): Recognition {
  if ((bytes.length > 1 && bytes[1] !== 0) || (bytes.length > 2 && bytes[2] !== 0) || (bytes.length > 3 && bytes[3] !== 0)) return 'no';
  if (bytes.length > 4 && bytes[4] !== PROTOCOL_10) return 'no';
  if (bytes[0]! < 40) return 'no';
  if (bytes.length < header + 8) return 'more';
  return /^\d{1,2}\.\d/.test(bytes.toString('latin1', header + 1, header + 5)) ? 'yes' : 'no';
}

class MysqlReader implements FrameReader {
  readonly encryption = cleartext;
  #server: Sender | null = null;
  #loggedIn = false;

  lengthOf(bytes: Buffer): number {
    return bytes.length < header ? 0 : header + bytes.readUIntLE(0, 3);
  }

  skips(bytes: Buffer, sender: Sender): boolean {
    if (this.#server === null) return false;
    return sender === this.#server || (this.#loggedIn && bytes.length > header && bytes[header] !== CHANGE_USER);
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    if (this.#server === null) {
      this.#server = context.sender;
      return this.#message(context, '');
    }
    if (!this.#loggedIn) return this.#login(bytes, context);
    return bytes[3] === 0 && bytes[header] === CHANGE_USER ? this.#message(context, textAt(bytes, header + 1)) : null;
  }

  content(bytes: Buffer): Buffer | null {
    return this.#loggedIn ? bytes.subarray(header) : null;
  }

  #login(bytes: Buffer, context: FrameContext): Message | null {
    if (bytes.length < header + loginHead || (bytes.readUInt16LE(header) & PROTOCOL_41) === 0) {
      context.finish();
      return null;
    }
    const capabilities = bytes.readUInt16LE(header);
    if ((capabilities & SSL) !== 0 && bytes.length === header + loginHead) {
      context.restart();
      return null;
    }
    this.#loggedIn = true;
    if ((capabilities & COMPRESS) !== 0) context.finish();
    return this.#message(context, textAt(bytes, header + loginHead));
  }

  #message({ sender, frame, micros, options, counters }: FrameContext, user: string): Message {
    const message = createMessage('mysql', cleartext, sender, frame, micros);
    addNamed('mysql', message, [userName(user)], options, counters);
    return message;
  }
}

function textAt(bytes: Buffer, start: number): string {
  const end = bytes.indexOf(0, start);
  return end < 0 ? '' : bytes.toString('utf8', start, end);
}
