import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed } from './named-value.ts';
import type { Recognition } from './protocol.ts';
import { SaslExchange } from './sasl.ts';

/**
 * Apache Cassandra's native protocol, versions 3 to 5 (https://cassandra.apache.org/doc/latest/cassandra/reference/native-protocol.html): logins,
 * and the readable parts of queries and their results.
 */
export const cassandra = framedProtocol('cassandra', recogniseCassandra, () => new CassandraReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'Cassandra' };

/** Version, flags, stream, operation, length. */
const header = 9;
const [oldest, latest] = [3, 5];
/** Bit of the version byte that marks messages from the server. */
const ANSWER = 0x80;
const [STARTUP, OPTIONS, QUERY, AUTH_RESPONSE] = [0x01, 0x05, 0x07, 0x0f];
const COMPRESSED = 0x01;
const longest = 256 * 1024 * 1024;
const mostOptions = 16;

/** A client sends an empty OPTIONS, or STARTUP with a map of a few strings that contains `CQL_VERSION`. */
function recogniseCassandra(bytes: Buffer): Recognition {
  if (bytes[0]! < oldest || bytes[0]! > latest || (bytes.length > 1 && (bytes[1]! & ~0x10) !== 0)) return 'no';
  if (bytes.length > 4 && bytes[4] !== STARTUP && bytes[4] !== OPTIONS) return 'no';
  if (bytes.length > 6 && (bytes[5] !== 0 || bytes[6] !== 0)) return 'no';
  if (bytes.length < header) return 'more';
  const length = bytes.readUInt32BE(5);
  if (bytes[4] === OPTIONS) return length === 0 ? 'yes' : 'no';
  if (length < 2 || length > 2048) return 'no';
  if (bytes.length < header + length) return bytes.length >= header + 2 && bytes.readUInt16BE(header) > mostOptions ? 'no' : 'more';
  return bytes.includes('CQL_VERSION', header, 'latin1') ? 'yes' : 'no';
}

class CassandraReader implements FrameReader {
  readonly encryption = cleartext;
  #begun = false;

  lengthOf(bytes: Buffer): number {
    if (bytes.length < header) return 0;
    const version = bytes[0]! & ~ANSWER;
    const length = bytes.readUInt32BE(5);
    return version >= oldest && version <= latest && length <= longest ? header + length : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const isRequest = bytes[0]! < ANSWER;
    const isLogin = isRequest && bytes[4] === AUTH_RESPONSE && (bytes[1]! & COMPRESSED) === 0 && bytes.length > header + 4;
    if (isRequest && bytes[4] === QUERY) context.pass();
    if (this.#begun && !isLogin) return null;
    this.#begun = true;
    const message = createMessage('cassandra', cleartext, context);
    // A length-prefixed PLAIN response; other authenticators are not part of Cassandra.
    if (isLogin) addNamed(message, new SaslExchange('PLAIN').plain(bytes.subarray(header + 4)), context);
    return message;
  }

  content(bytes: Buffer): Buffer | null {
    return (bytes[1]! & COMPRESSED) === 0 ? bytes.subarray(header) : null;
  }
}
