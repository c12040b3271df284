import { visitBson } from './bson.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { password, response, userName } from './login.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition } from './protocol.ts';
import { SaslExchange } from './sasl.ts';

/**
 * MongoDB (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/): who logs in, with which answer to the server's challenge, and what
 * can be read of commands and their results.
 */
export const mongodb = framedProtocol('mongodb', recogniseMongodb, () => new MongodbReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'MongoDB' };

/** Length, number, number of what it answers, operation: little-endian. */
const header = 16;
const [OP_QUERY, OP_MSG] = [2004, 2013];
/** Bits of a message that are assigned: a checksum follows, more follows, more may follow. */
const assignedFlags = 0x10003;
const shortest = 26;
/** A client begins with `hello`, which has some hundred bytes. */
const longestFirst = 0xffff;
const longest = 48_000_000;
/** Commands of a connection among which a login is looked for. */
const commandsRead = 32;

function recogniseMongodb(bytes: Buffer): Recognition {
  if ((bytes.length > 2 && bytes[2] !== 0) || (bytes.length > 3 && bytes[3] !== 0)) return 'no';
  // What a client begins with answers nothing.
  for (let at = 8; at < Math.min(12, bytes.length); at++) if (bytes[at] !== 0) return 'no';
  if (bytes.length < shortest) return bytes.length > 14 && bytes[14] !== 0 ? 'no' : 'more';
  const length = bytes.readUInt32LE(0);
  if (length < shortest || length > longestFirst) return 'no';
  switch (bytes.readUInt32LE(12)) {
    case OP_MSG: return (bytes.readUInt32LE(header) & ~assignedFlags) === 0 && bytes[header + 4] === 0 ? 'yes' : 'no';
    // To `admin.$cmd`, or that of another database.
    case OP_QUERY: return isText(bytes[header + 4]!) && isText(bytes[header + 5]!) ? 'yes' : 'no';
    default: return 'no';
  }
}

const isText = (byte: number): boolean => byte >= 0x21 && byte <= 0x7e;

class MongodbReader implements FrameReader {
  readonly encryption = cleartext;
  #client: Sender | null = null;
  #sasl: SaslExchange | null = null;
  #commands = 0;

  lengthOf(bytes: Buffer): number {
    if (bytes.length < 4) return 0;
    const length = bytes.readInt32LE(0);
    return length >= header && length <= longest ? length : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    this.#client ??= context.sender;
    if (context.sender !== this.#client) return null;
    if (++this.#commands >= commandsRead) context.pass();
    const values = this.#login(bytes, documentAt(bytes));
    if (values.length === 0 && this.#commands > 1) return null;
    const message = createMessage('mongodb', cleartext, context);
    addNamed(message, values, context);
    return message;
  }

  content(bytes: Buffer): Buffer {
    return bytes.subarray(header);
  }

  /** `saslStart` and `saslContinue`, also within `hello`; `authenticate`, which was before them; users that are made. */
  #login(bytes: Buffer, start: number): NamedValue[] {
    if (start < 0) return [];
    const values: NamedValue[] = [];
    visitBson(bytes, start, (name, value, depth) => {
      // A login may stand within `hello`; deeper, and under other names, stands what is asked for or kept.
      if (depth === 1 && name === 'mechanism') this.#sasl = new SaslExchange(value.toString('latin1'));
      if (depth === 1 && name === 'payload') values.push(...this.#answer(value));
      if (depth > 0) return;
      switch (name) {
        case 'mechanism': this.#sasl = new SaslExchange(value.toString('latin1')); break;
        case 'payload': values.push(...this.#answer(value)); break;
        // `database.user`.
        case 'saslSupportedMechs': values.push(userName(value.toString('utf8').replace(/^[^.]*\./, ''))); break;
        case 'user': case 'createUser': case 'updateUser': values.push(userName(value.toString('utf8'))); break;
        case 'pwd': values.push(password(value.toString('utf8'))); break;
        case 'key': if (/^[0-9a-f]{32}$/.test(value.toString('latin1'))) values.push(response(value.toString('latin1'))); break;
      }
    });
    return values;
  }

  #answer(bytes: Buffer): NamedValue[] {
    return this.#sasl === null || this.#sasl.finished ? [] : this.#sasl.plain(bytes);
  }
}

/** Where the command stands in a message, or in a query behind flags, name and two numbers; -1 when there is none. */
function documentAt(bytes: Buffer): number {
  const operation = bytes.length < header + 5 ? 0 : bytes.readUInt32LE(12);
  if (operation === OP_MSG) return bytes[header + 4] === 0 ? header + 5 : -1;
  const zero = operation === OP_QUERY ? bytes.indexOf(0, header + 4) : -1;
  return zero < 0 ? -1 : zero + 9;
}
