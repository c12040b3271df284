import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { password, response, userName } from './login.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import { ntlmLogin } from './ntlm.ts';
import type { Recognition } from './protocol.ts';
import { SaslExchange } from './sasl.ts';
import { textUpToZero } from './text.ts';

/**
 * PostgreSQL (https://www.postgresql.org/docs/current/protocol.html): logins, with the password or the response to the server's challenge, and the
 * readable parts of queries and their results.
 */
export const postgresql = framedProtocol('postgresql', recognisePostgresql, () => new PostgresqlReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'PostgreSQL' };

/** Codes of the first message, which has no type: version 3, and requests for TLS or GSSAPI encryption. */
const VERSION_3 = 3;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
/** Type and length of each later message. */
const messageHead = 5;
const longestStartup = 10_000;

const AUTHENTICATION = 0x52; // R
const PASSWORD = 0x70; // p
const [AUTHENTICATED, CLEARTEXT_PASSWORD, MD5_PASSWORD, GSS, GSS_CONTINUE, SSPI, SASL, SASL_CONTINUE] = [0, 3, 5, 7, 8, 9, 10, 11];
const [ACCEPTS_SSL, ACCEPTS_GSS] = [0x53, 0x47]; // S, G

function recognisePostgresql(bytes: Buffer): Recognition {
  if (bytes[0] !== 0 || (bytes.length > 1 && bytes[1] !== 0)) return 'no';
  if (bytes.length < 8) return bytes.length > 4 && bytes[4] !== 0 && bytes[4] !== SSL_REQUEST >> 24 ? 'no' : 'more';
  const length = bytes.readUInt32BE(0);
  const code = bytes.readUInt32BE(4);
  if (code === SSL_REQUEST || code === GSS_REQUEST) return length === 8 ? 'yes' : 'no';
  if (code >> 16 !== VERSION_3 || (code & 0xffff) > 2 || length < 9 || length > longestStartup) return 'no';
  if (bytes.length === 8) return 'more';
  return (bytes[8]! >= 0x61 && bytes[8]! <= 0x7a) || bytes[8] === 0x5f ? 'yes' : 'no';
}

class PostgresqlReader implements FrameReader {
  readonly encryption = cleartext;
  #client: Sender | null = null;
  #started = false;
  /** The server's one-byte answer on whether to encrypt is pending. */
  #awaitsAnswer = false;
  /** The authentication requested by the server, -1 for none. */
  #asked = -1;
  #sasl: SaslExchange | null = null;
  #loggedIn = false;

  lengthOf(bytes: Buffer, sender: Sender): number {
    const isClient = this.#client === null || sender === this.#client;
    if (!isClient && this.#awaitsAnswer) return 1;
    const at = isClient && !this.#started ? 0 : 1;
    if (bytes.length < at + 4) return 0;
    const length = bytes.readUInt32BE(at);
    return length >= 4 && (at === 1 || length >= 8) ? at + length : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    this.#client ??= context.sender;
    if (context.sender !== this.#client) return this.#answer(bytes, context);
    if (this.#started) {
      if (bytes[0] !== PASSWORD || this.#asked <= AUTHENTICATED) return null;
      return this.#message(context, this.#answered(bytes.subarray(messageHead)));
    }
    const code = bytes.readUInt32BE(4);
    this.#awaitsAnswer = code === SSL_REQUEST || code === GSS_REQUEST;
    if (this.#awaitsAnswer) return null;
    this.#started = true;
    const parameters = bytes.toString('utf8', 8).split('\0');
    const user = parameters.findIndex((name, index) => index % 2 === 0 && name === 'user');
    return this.#message(context, user < 0 ? [] : [userName(parameters[user + 1] ?? '')]);
  }

  content(bytes: Buffer): Buffer | null {
    return this.#loggedIn ? bytes.subarray(messageHead) : null;
  }

  #answer(bytes: Buffer, context: FrameContext): null {
    if (this.#awaitsAnswer) {
      this.#awaitsAnswer = false;
      if (bytes[0] === ACCEPTS_SSL) context.restart();
      else if (bytes[0] === ACCEPTS_GSS) context.finish();
    } else if (bytes[0] === AUTHENTICATION && bytes.length >= 9) {
      this.#asked = bytes.readUInt32BE(messageHead);
      if (this.#asked !== AUTHENTICATED) return null;
      this.#loggedIn = true;
      context.pass();
    }
    return null;
  }

  /** The client's answer to such a request: a password, or proof of it. */
  #answered(bytes: Buffer): NamedValue[] {
    switch (this.#asked) {
      case CLEARTEXT_PASSWORD: return [password(textUpToZero(bytes))];
      case MD5_PASSWORD: return [response(textUpToZero(bytes))];
      case GSS: case GSS_CONTINUE: case SSPI: return ntlmLogin(bytes);
      case SASL: {
        const mechanism = textUpToZero(bytes);
        this.#sasl = new SaslExchange(mechanism);
        // Length-prefixed; a length of -1 means none.
        return this.#sasl.plain(bytes.subarray(mechanism.length + 5));
      }
      case SASL_CONTINUE: return this.#sasl?.plain(bytes) ?? [];
      default: return [];
    }
  }

  #message(context: FrameContext, values: readonly NamedValue[]): Message {
    const message = createMessage('postgresql', cleartext, context);
    addNamed(message, values, context);
    return message;
  }
}
