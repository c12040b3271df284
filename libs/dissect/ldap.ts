import { berAt, type BerElement } from './ber.ts';
import { credentials, userName } from './login.ts';
import { createMessage, type Encryption, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { SaslExchange } from './sasl.ts';

/** LDAP (RFC 4511): binds. Searches and entries are content. */
export const ldap: StreamProtocol = {
  name: 'ldap',
  recognise: recogniseLdap,
  open: (session): StreamHandler => new LdapHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'LDAP' };

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const ENUMERATED = 0x0a;
const BIND_REQUEST = 0x60;
const EXTENDED_REQUEST = 0x77;
const EXTENDED_RESPONSE = 0x78;
const REQUEST_NAME = 0x80;
const SIMPLE = 0x80;
const SASL = 0xa3;
/** Operation tags (RFC 4511, section 4.2 to 4.14): [APPLICATION 0] to [APPLICATION 25]. */
const operations = new Set([
  0x60, 0x61, 0x42, 0x63, 0x64, 0x65, 0x73, 0x66, 0x67, 0x68, 0x69, 0x4a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x50, 0x77, 0x78, 0x79,
]);
const startTlsName = '1.3.6.1.4.1.1466.20037';

/** Longest header of a message: tag, length, and message id. */
const longestHeader = 12;

/** A message is a sequence of a message id and an operation (RFC 4511, section 4.1.1). */
function recogniseLdap(bytes: Buffer): Recognition {
  if (bytes[0] !== SEQUENCE) return 'no';
  const content = contentStart(bytes);
  if (content === 0) return bytes.length < longestHeader ? 'more' : 'no';
  if (content < 0 || (bytes[content] ?? INTEGER) !== INTEGER) return 'no';
  const size = bytes[content + 1] ?? 1;
  if (size < 1 || size > 4) return 'no';
  const operation = bytes[content + 2 + size];
  if (operation === undefined) return 'more';
  return operations.has(operation) ? 'yes' : 'no';
}

/** Where the content of the sequence at the start begins; 0 if its length has not arrived, -1 if it is malformed. */
function contentStart(bytes: Buffer): number {
  const first = bytes[1];
  if (first === undefined) return 0;
  if (first < 0x80) return 2;
  const size = first & 0x7f;
  if (size < 1 || size > 4) return -1;
  return bytes.length < 2 + size ? 0 : 2 + size;
}

class LdapHandler implements StreamHandler {
  done = false;
  readonly #session: StreamSession;
  readonly #toSkip: Record<Sender, number> = { source: 0, destination: 0 };
  #sasl: SaslExchange | null = null;
  #startTls = false;
  #restarted = false;
  #begun = false;

  constructor(session: StreamSession) {
    this.#session = session;
  }

  data(sender: Sender): void {
    const stream = this.#session[sender];
    while (stream.length > 0 && !this.done && !this.#restarted) {
      const skipped = Math.min(this.#toSkip[sender], stream.length);
      if (skipped > 0) {
        stream.consume(skipped);
        this.#toSkip[sender] -= skipped;
        continue;
      }
      const bytes = stream.bytes();
      const recognition = recogniseLdap(bytes);
      if (recognition === 'more') return;
      if (recognition === 'no') {
        // After a bind that negotiates protection, messages are wrapped (RFC 4752, section 3.1).
        this.#session.counters.add('ldap', 'wrapped or malformed');
        this.done = true;
        return;
      }
      const content = contentStart(bytes);
      const end = content + (content === 2 ? bytes[1]! : bytes.readUIntBE(2, content - 2));
      const operation = bytes[content + 2 + bytes[content + 1]!];
      const isRead = operation === BIND_REQUEST || operation === EXTENDED_REQUEST || operation === EXTENDED_RESPONSE;
      if (isRead && end <= this.#session.options.maxHeadBytes) {
        if (bytes.length < end) return;
        this.#message(sender, bytes.subarray(0, end), content);
        stream.consume(end);
      } else {
        if (!this.#begun) this.#emit(sender, [], content);
        this.#toSkip[sender] = end;
      }
    }
  }

  gap(sender: Sender, missing: number): void {
    this.#session.counters.add('ldap', 'gap');
    // The pending bytes are the beginning of a message whose end is lost: the next packet most likely begins the next message.
    this.#session[sender].clear();
    this.#toSkip[sender] = Math.max(0, this.#toSkip[sender] - missing);
  }

  end(): void {
    this.#session.source.clear();
    this.#session.destination.clear();
  }

  #message(sender: Sender, bytes: Buffer, content: number): void {
    const operation = berAt(bytes, content + 2 + bytes[content + 1]!);
    const values: NamedValue[] = [];
    if (operation?.tag === BIND_REQUEST) values.push(...this.#bind(bytes, operation));
    else if (operation?.tag === EXTENDED_REQUEST) this.#extendedRequest(bytes, operation);
    else if (operation?.tag === EXTENDED_RESPONSE) this.#extendedResponse(bytes, operation);
    if (!this.#begun || values.length > 0) this.#emit(sender, values, bytes.length - 1);
  }

  /** `version, name, authentication` (RFC 4511, section 4.2). */
  #bind(bytes: Buffer, operation: BerElement): NamedValue[] {
    const version = berAt(bytes, operation.start, operation.end);
    const name = version && berAt(bytes, version.end, operation.end);
    const authentication = name && berAt(bytes, name.end, operation.end);
    if (!authentication) {
      this.#session.counters.add('ldap', 'malformed bind');
      return [];
    }
    const dn = bytes.toString('utf8', name.start, name.end);
    if (authentication.tag === SIMPLE) {
      const secret = bytes.toString('utf8', authentication.start, authentication.end);
      // A bind without a password is not a login, whatever its name (RFC 4513, section 5.1.2).
      return secret === '' ? (dn === '' ? [] : [userName(dn)]) : credentials(dn, secret);
    }
    const named = dn === '' ? [] : [userName(dn)];
    return authentication.tag === SASL ? [...named, ...this.#saslBind(bytes, authentication)] : named;
  }

  /** `mechanism, credentials`, one step per bind. */
  #saslBind(bytes: Buffer, authentication: BerElement): NamedValue[] {
    const mechanism = berAt(bytes, authentication.start, authentication.end);
    const response = mechanism && berAt(bytes, mechanism.end, authentication.end);
    if (!response) return [];
    if (this.#sasl === null || this.#sasl.finished) this.#sasl = new SaslExchange(bytes.toString('latin1', mechanism.start, mechanism.end));
    return this.#sasl.plain(bytes.subarray(response.start, response.end));
  }

  #extendedRequest(bytes: Buffer, operation: BerElement): void {
    const name = berAt(bytes, operation.start, operation.end);
    this.#startTls = name?.tag === REQUEST_NAME && bytes.toString('latin1', name.start, name.end) === startTlsName;
  }

  #extendedResponse(bytes: Buffer, operation: BerElement): void {
    const result = berAt(bytes, operation.start, operation.end);
    if (!this.#startTls || result?.tag !== ENUMERATED || bytes[result.start] !== 0) return;
    this.#restarted = true;
    this.#session.restart();
  }

  #emit(sender: Sender, values: readonly NamedValue[], position: number): void {
    const message = createMessage('ldap', cleartext, this.#session.originAt(sender, position));
    addNamed(message, values, this.#session);
    this.#begun = true;
    this.#session.counters.add('ldap', 'messages');
    this.#session.emit(message);
  }
}
