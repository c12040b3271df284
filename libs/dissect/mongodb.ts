import { visitBson } from './bson.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { password, response, userName } from './login.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition } from './protocol.ts';
import { SaslExchange } from './sasl.ts';

/**
 * MongoDB (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/): logins, with the response to the server's challenge, and the
 * readable parts of commands and their results.
 */
export const mongodb = framedProtocol('mongodb', recogniseMongodb, () => new MongodbReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'MongoDB' };

/** Length, request id, id of the request being answered, opcode: little-endian. */
const header = 16;
const [OP_QUERY, OP_MSG] = [2004, 2013];
/** Assigned flag bits of a message: checksum present, more to come, exhaust allowed. */
const assignedFlags = 0x10003;
const shortest = 26;
/** A client begins with `hello`, which has a few hundred bytes. */
const longestFirst = 0xffff;
const longest = 48_000_000;
/** How many commands of a connection are searched for a login. */
const commandsRead = 32;

function recogniseMongodb(bytes: Buffer): Recognition {
  if ((bytes.length > 2 && bytes[2] !== 0) || (bytes.length > 3 && bytes[3] !== 0)) return 'no';
  // A client's first message is not a response to anything.
  for (let at = 8; at < Math.min(12, bytes.length); at++) if (bytes[at] !== 0) return 'no';
  if (bytes.length < shortest) return bytes.length > 14 && bytes[14] !== 0 ? 'no' : 'more';
  const length = bytes.readUInt32LE(0);
  if (length < shortest || length > longestFirst) return 'no';
  switch (bytes.readUInt32LE(12)) {
    case OP_MSG: return (bytes.readUInt32LE(header) & ~assignedFlags) === 0 && bytes[header + 4] === 0 ? 'yes' : 'no';
    // To `admin.$cmd`, or the `$cmd` of another database.
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

  /** `saslStart` and `saslContinue`, also within `hello`; the older `authenticate`; and creation of users. */
  #login(bytes: Buffer, start: number): NamedValue[] {
    if (start < 0) return [];
    const values: NamedValue[] = [];
    visitBson(bytes, start, (name, value, depth) => {
      // A login may be inside `hello`; anything deeper, or under other names, is a query or stored data.
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

/** Position of the command in a message, or in a query after flags, name and two numbers; -1 if there is none. */
function documentAt(bytes: Buffer): number {
  const operation = bytes.length < header + 5 ? 0 : bytes.readUInt32LE(12);
  if (operation === OP_MSG) return bytes[header + 4] === 0 ? header + 5 : -1;
  const zero = operation === OP_QUERY ? bytes.indexOf(0, header + 4) : -1;
  return zero < 0 ? -1 : zero + 9;
}
