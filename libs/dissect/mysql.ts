import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { password, response, userName } from './login.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition } from './protocol.ts';
import { ByteReader } from './reader.ts';

/**
 * MySQL and MariaDB (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html): logins, with the response to the
 * server's challenge, and the readable parts of queries and their results.
 */
export const mysql = framedProtocol('mysql', recogniseMysql, () => new MysqlReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'MySQL' };

/** A three-byte length, little-endian, and a sequence number. */
const header = 4;
const PROTOCOL_10 = 10;
/** The packet by which a client requests TLS is a login that ends before the user name. */
const loginHead = 32;
/** Client capabilities: compression, 4.1 login, TLS, database, one-byte response length, named plugin, variable-length response. */
const [COMPRESS, PROTOCOL_41, SSL] = [0x20, 0x200, 0x800];
const [CONNECT_WITH_DB, SECURE_CONNECTION, PLUGIN_AUTH, ANY_LENGTH] = [0x8, 0x8000, 0x80000, 0x200000];
const CHANGE_USER = 0x11;
/** The server's verdict on a login: success, switch to another plugin, or failure. Before it, there may be data of the plugin. */
const [DONE, SWITCH, REFUSED] = [0x00, 0xfe, 0xff];
/** Plugins that send the password itself (https://dev.mysql.com/doc/refman/8.4/en/cleartext-pluggable-authentication.html, MariaDB's PAM). */
const inClear = new Set(['mysql_clear_password', 'dialog']);
/** Response lengths of mysql_native_password (SHA-1) and caching_sha2_password (SHA-256); a value of any other length is not a response. */
const answers = new Set([20, 32]);

/** The server's greeting: protocol 10, and its version as text. */
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
  /** The server has not accepted or rejected the login yet. */
  #isPending = false;
  #plugin = '';
  #isPlugged = false;

  lengthOf(bytes: Buffer): number {
    return bytes.length < header ? 0 : header + bytes.readUIntLE(0, 3);
  }

  skips(bytes: Buffer, sender: Sender): boolean {
    if (this.#server === null || this.#isPending) return false;
    return sender === this.#server || (this.#loggedIn && bytes.length > header && bytes[header] !== CHANGE_USER);
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    if (this.#server === null) {
      this.#server = context.sender;
      return this.#message(context, []);
    }
    // A command begins a new sequence, so the server's verdict was missed.
    if (this.#isPending && context.sender !== this.#server && bytes[3] === 0) this.#isPending = false;
    if (context.sender === this.#server) return this.#isPending ? this.#judged(bytes) : null;
    if (this.#isPending) return this.#message(context, answerOf(this.#plugin, bytes.subarray(header)));
    if (!this.#loggedIn) return this.#login(bytes, context);
    return bytes[3] === 0 && bytes[header] === CHANGE_USER ? this.#change(bytes, context) : null;
  }

  content(bytes: Buffer): Buffer | null {
    return this.#loggedIn && !this.#isPending ? bytes.subarray(header) : null;
  }

  /** The server's verdict on the login. */
  #judged(bytes: Buffer): null {
    const answer = bytes[header];
    if (answer === SWITCH) this.#plugin = new ByteReader(bytes, header + 1).terminated().toString('utf8');
    if (answer === DONE || answer === REFUSED) this.#isPending = false;
    return null;
  }

  #login(bytes: Buffer, context: FrameContext): Message | null {
    if (bytes.length < header + loginHead || (bytes.readUInt16LE(header) & PROTOCOL_41) === 0) {
      context.finish();
      return null;
    }
    const capabilities = bytes.readUInt32LE(header);
    if ((capabilities & SSL) !== 0 && bytes.length === header + loginHead) {
      context.restart();
      return null;
    }
    this.#loggedIn = this.#isPending = true;
    this.#isPlugged = (capabilities & PLUGIN_AUTH) !== 0;
    if ((capabilities & COMPRESS) !== 0) context.finish();
    const reader = new ByteReader(bytes, header + loginHead);
    const user = reader.terminated().toString('utf8');
    const answer = (capabilities & (SECURE_CONNECTION | ANY_LENGTH)) === 0 ? reader.terminated() : reader.take(reader.u8()).rest();
    if ((capabilities & CONNECT_WITH_DB) !== 0) reader.terminated();
    return this.#named(user, answer, reader, context);
  }

  /** COM_CHANGE_USER: user, response, database, character set, plugin. */
  #change(bytes: Buffer, context: FrameContext): Message {
    this.#isPending = true;
    const reader = new ByteReader(bytes, header + 1);
    const user = reader.terminated().toString('utf8');
    const answer = reader.take(reader.u8()).rest();
    reader.terminated();
    reader.skip(2);
    return this.#named(user, answer, reader, context);
  }

  /** The rest begins with the name of the plugin, if there is one. */
  #named(user: string, answer: Buffer, rest: ByteReader, context: FrameContext): Message {
    this.#plugin = this.#isPlugged ? rest.terminated().toString('utf8') : '';
    return this.#message(context, [userName(user), ...answerOf(this.#plugin, answer)]);
  }

  #message(context: FrameContext, values: readonly NamedValue[]): Message {
    const message = createMessage('mysql', cleartext, context);
    addNamed(message, values, context);
    return message;
  }
}

/** The client's response to the server's challenge, or the password itself. */
function answerOf(plugin: string, answer: Buffer): NamedValue[] {
  if (inClear.has(plugin)) return [password(answer.toString('utf8').replace(/\0$/, ''))];
  return answers.has(answer.length) ? [response(answer)] : [];
}
