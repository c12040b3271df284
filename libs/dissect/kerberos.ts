import { berAt, type BerElement } from './ber.ts';
import type { DissectCounters } from './counters.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import type { DatagramProtocol, Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

const cleartext: Encryption = { verdict: 'cleartext', reason: 'Kerberos' };

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const GENERAL_STRING = 0x1b;
const AS_REQ = 10;
const TGS_REQ = 12;

/** Where a message has the client's name and realm: tags of the context, in the body for requests (RFC 4120, section 5.4 and 5.9.1). */
interface Layout { body: number; name: number; realm: number }
const layouts = new Map<number, Layout>([
  [AS_REQ, { body: 4, name: 1, realm: 2 }], [TGS_REQ, { body: 4, name: 1, realm: 2 }],
  [11, { body: -1, name: 4, realm: 3 }], [13, { body: -1, name: 4, realm: 3 }], [30, { body: -1, name: 8, realm: 7 }],
]);

/** Kerberos over UDP. */
export const kerberos: DatagramProtocol = {
  name: 'kerberos',
  recognise: (payload) => kerberosType(payload) !== 0,
  read: (payload, { sender, frame, micros }, _options, counters) => kerberosMessage(payload, sender, frame, micros, counters),
};

/** Enough for two lengths of up to four bytes and the version. */
const leastHeader = 17;
const versionFive = Buffer.from([3, INTEGER, 1, 5]);

/** Type of the Kerberos message that begins here, 0 when none does: `[APPLICATION type] SEQUENCE { … pvno 5, msg-type type …`. */
function kerberosType(bytes: Buffer): number {
  const type = bytes[0]! & 0x1f;
  if (bytes.length < leastHeader || (bytes[0]! & 0xe0) !== 0x60 || !layouts.has(type)) return 0;
  const outer = berAt(bytes, 0, 0x7fffffff);
  if (outer === null || outer.start + 2 > bytes.length || bytes[outer.start] !== SEQUENCE) return 0;
  const inner = berAt(bytes, outer.start, outer.end);
  if (inner === null || inner.end !== outer.end) return 0;
  // A request counts its elements from 1, everything else from 0: 0xa1 or 0xa0, 3, INTEGER, 1, 5.
  const first = type === AS_REQ || type === TGS_REQ ? 0xa1 : 0xa0;
  return bytes[inner.start] === first && bytes.subarray(inner.start + 1, inner.start + 5).equals(versionFive) ? type : 0;
}

/** Reads the client's name and realm. The server's name is a service's. */
function kerberosMessage(bytes: Buffer, sender: Sender, frame: number, micros: number, counters: DissectCounters): Message {
  const message = createMessage('kerberos', cleartext, sender, frame, micros);
  const { body, name, realm } = layouts.get(bytes[0]! & 0x1f)!;
  const outer = berAt(bytes, 0);
  const inner = outer && berAt(bytes, outer.start, outer.end);
  if (!inner) {
    counters.add('kerberos', 'cut message');
    return message;
  }
  const holder = body < 0 ? inner : inside(bytes, child(bytes, inner, body));
  const principal = holder && inside(bytes, child(bytes, holder, name));
  const realmText = holder && inside(bytes, child(bytes, holder, realm));
  const user = principal && principalName(bytes, principal);
  if (user) message.fields.push({ path: 'kerberos.login.user_name', key: 'user_name', value: user, encoding: '', sender, frame });
  if (realmText)
    message.fields.push({
      path: 'kerberos.realm',
      key: 'realm',
      value: bytes.toString('utf8', realmText.start, realmText.end),
      encoding: '',
      sender,
      frame,
    });
  return message;
}

/** `SEQUENCE { [0] name-type, [1] SEQUENCE OF string }`, parts joined by `/` (RFC 4120, section 5.2.2). */
function principalName(bytes: Buffer, principal: BerElement): string {
  const list = inside(bytes, child(bytes, principal, 1));
  const parts: string[] = [];
  for (let at = list?.start ?? 0; list !== null && at < list.end && parts.length < 8;) {
    const part = berAt(bytes, at, list.end);
    if (part?.tag !== GENERAL_STRING) break;
    parts.push(bytes.toString('utf8', part.start, part.end));
    at = part.end;
  }
  return parts.join('/');
}

/** The child `[number]` of a sequence. */
function child(bytes: Buffer, sequence: BerElement, number: number): BerElement | null {
  for (let at = sequence.start; at < sequence.end;) {
    const element = berAt(bytes, at, sequence.end);
    if (element === null || element.tag === 0xa0 + number) return element;
    at = element.end;
  }
  return null;
}

/** What an explicit tag holds. */
function inside(bytes: Buffer, element: BerElement | null): BerElement | null {
  return element && berAt(bytes, element.start, element.end);
}

/** Kerberos over TCP: messages behind a length of four bytes (RFC 4120, section 7.2.2). */
export const kerberosOverTcp: StreamProtocol = {
  name: 'kerberos',
  recognise(bytes: Buffer): Recognition {
    if (bytes[0] !== 0) return 'no';
    if ((bytes[4] ?? 0x6a) >> 5 !== 3) return 'no';
    if (bytes.length < prefix + leastHeader) return 'more';
    return kerberosType(bytes.subarray(prefix)) === 0 ? 'no' : 'yes';
  },
  open: (session): StreamHandler => new KerberosHandler(session),
};

const prefix = 4;

class KerberosHandler implements StreamHandler {
  readonly done = false;
  readonly #session: StreamSession;
  readonly #toSkip: Record<Sender, number> = { source: 0, destination: 0 };

  constructor(session: StreamSession) {
    this.#session = session;
  }

  data(sender: Sender): void {
    const { counters, options, emit } = this.#session;
    const stream = this.#session[sender];
    while (stream.length > 0) {
      const skipped = Math.min(this.#toSkip[sender], stream.length);
      if (skipped > 0) {
        stream.consume(skipped);
        this.#toSkip[sender] -= skipped;
        continue;
      }
      if (stream.length < prefix) return;
      const bytes = stream.bytes();
      const end = prefix + bytes.readUInt32BE(0);
      if (end > options.maxHeadBytes) {
        counters.add('kerberos', 'bounded message');
        this.#toSkip[sender] = end;
        continue;
      }
      if (stream.length < end) return;
      const body = bytes.subarray(prefix, end);
      if (body.length > 0 && kerberosType(body) !== 0) {
        counters.add('kerberos', 'messages');
        emit(kerberosMessage(body, sender, stream.frameAt(end - 1), stream.microsAt(end - 1), counters));
      }
      stream.consume(end);
    }
  }

  /** The next message most likely begins with the next packet. */
  gap(sender: Sender, missing: number): void {
    this.#session.counters.add('kerberos', 'gap');
    this.#session[sender].clear();
    this.#toSkip[sender] = Math.max(0, this.#toSkip[sender] - missing);
  }

  end(): void {
    this.#session.source.clear();
    this.#session.destination.clear();
  }
}
