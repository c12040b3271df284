import { formatIp } from './address.ts';
import { HopList } from './hops.ts';
import { password, userName } from './login.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/**
 * SOCKS 4, 4a and 5 (RFC 1928): the login at the proxy (RFC 1929), and the destination that the client requests. The tunnelled protocol is
 * recognised afresh.
 */
export const socks: StreamProtocol = {
  name: 'socks',
  recognise: recogniseSocks,
  open: (session): StreamHandler => new SocksHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'SOCKS' };

const VERSION_4 = 4;
const VERSION_5 = 5;
const CONNECT = 1;
const UDP_ASSOCIATE = 3;
const IPV4 = 1;
const DOMAIN = 3;
const IPV6 = 4;
const NO_AUTHENTICATION = 0;
const USERNAME_PASSWORD = 2;
/** Highest assigned method (https://www.iana.org/assignments/socks-methods); those from 0x80 on are private. */
const highestMethod = 9;
const mostMethods = 10;
/** Longest user id or host name of SOCKS 4. */
const longestText = 255;

/** The client's first message, on which it waits for a reply: a list of methods, or a SOCKS 4 request. */
function recogniseSocks(bytes: Buffer): Recognition {
  const second = bytes[1];
  if (bytes[0] === VERSION_4) {
    if (second !== undefined && second !== CONNECT) return 'no';
    const end = socks4End(bytes);
    return end > 0 ? 'yes' : end < 0 ? 'no' : 'more';
  }
  if (bytes[0] !== VERSION_5) return 'no';
  if (second === undefined) return 'more';
  if (second < 1 || second > mostMethods) return 'no';
  const methods = bytes.subarray(2, 2 + second);
  for (const [index, method] of methods.entries()) if ((method > highestMethod && method < 0x80) || methods.indexOf(method) < index) return 'no';
  if (methods.length < second) return 'more';
  // Every real client offers at least one of the two: proxies in use accept no others.
  return methods.includes(NO_AUTHENTICATION) || methods.includes(USERNAME_PASSWORD) ? 'yes' : 'no';
}

/** Length of a SOCKS 4 request: `4, command, port, address, user id, NUL`, in 4a also a host name and NUL. 0: incomplete; -1: not a request. */
function socks4End(bytes: Buffer): number {
  if (bytes.length < 9) return 0;
  if (bytes.readUInt16BE(2) === 0 || bytes.readUInt32BE(4) === 0) return -1;
  const userEnd = textEnd(bytes, 8);
  if (userEnd <= 0 || !isSocks4a(bytes)) return userEnd <= 0 ? userEnd : userEnd + 1;
  const hostEnd = textEnd(bytes, userEnd + 1);
  return hostEnd <= 0 ? hostEnd : hostEnd === userEnd + 1 ? -1 : hostEnd + 1;
}

/** An address 0.0.0.x, x not 0, means that a host name follows (SOCKS 4A, https://www.openssh.org/txt/socks4a.protocol). */
function isSocks4a(bytes: Buffer): boolean {
  return bytes.readUIntBE(4, 3) === 0 && bytes[7] !== 0;
}

/** Position of the NUL that ends the printable text beginning at `start`. */
function textEnd(bytes: Buffer, start: number): number {
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 0) return i;
    if (byte < 0x20 || byte > 0x7e || i - start > longestText) return -1;
  }
  return 0;
}

class SocksHandler implements StreamHandler {
  readonly done = false;
  readonly #session: StreamSession;
  /** The side that acts as the client, null before its first bytes. */
  #client: Sender | null = null;
  /** What is expected next from the client, and from the server. */
  #expects: 'greeting' | 'login or request' | 'tunnel' = 'greeting';
  #replies: 'method' | 'login' | 'request' | 'request 4' = 'method';
  #restarted = false;

  constructor(session: StreamSession) {
    this.#session = session;
  }

  data(sender: Sender): void {
    const stream = this.#session[sender];
    if (this.#client === null) {
      // Until the client has been heard, bytes that are not its first message are dropped: they may be the server's.
      if (recogniseSocks(stream.bytes()) !== 'yes') return stream.clear();
      this.#client = sender;
    }
    while (stream.length > 0 && !this.#restarted) {
      if (!(sender === this.#client ? this.#read(sender) : this.#reply(sender))) return;
    }
  }

  /** The state of the negotiation is unknown after a gap; the tunnelled protocol can still be found. */
  gap(): void {
    this.#session.counters.add('socks', 'gap');
    this.#restart();
  }

  end(): void {
    this.#session.source.clear();
    this.#session.destination.clear();
  }

  /** Reads one message of the client; false if it is incomplete. */
  #read(sender: Sender): boolean {
    const bytes = this.#session[sender].bytes();
    if (this.#expects === 'tunnel') return this.#restart();
    if (this.#expects === 'greeting') {
      if (bytes[0] === VERSION_4) return this.#request4(sender, bytes);
      // Three bytes alone are ambiguous: nothing is reported before a login or a request follows.
      this.#expects = 'login or request';
      this.#session[sender].consume(2 + bytes[1]!);
      return true;
    }
    if (bytes[0] === VERSION_5) return this.#request5(sender, bytes);
    return bytes[0] === 1 ? this.#login(sender, bytes) : this.#restart();
  }

  /** `1, length, user, length, password` (RFC 1929, section 2). */
  #login(sender: Sender, bytes: Buffer): boolean {
    const userEnd = 2 + (bytes[1] ?? 0);
    const end = userEnd + 1 + (bytes[userEnd] ?? 0);
    if (bytes.length <= userEnd || bytes.length < end) return false;
    return this.#take(sender, end, [userName(bytes.toString('utf8', 2, userEnd)), password(bytes.toString('utf8', userEnd + 1, end))]);
  }

  /** `5, command, 0, address type, address, port` (RFC 1928, section 4). */
  #request5(sender: Sender, bytes: Buffer): boolean {
    const length = addressLength(bytes, 3);
    if (length === 0) return false;
    if (length < 0 || bytes[1]! < CONNECT || bytes[1]! > UDP_ASSOCIATE) return this.#restart();
    const end = 4 + length + 2;
    if (bytes.length < end) return false;
    const host = bytes[3] === DOMAIN ? bytes.toString('latin1', 5, 4 + length) : formatIp(bytes, 4, length);
    this.#expects = 'tunnel';
    return this.#take(sender, end, [], target(host, bytes[3] === DOMAIN));
  }

  #request4(sender: Sender, bytes: Buffer): boolean {
    const end = socks4End(bytes);
    if (end <= 0) return false;
    const userEnd = textEnd(bytes, 8);
    const isNamed = isSocks4a(bytes);
    const host = isNamed ? bytes.toString('latin1', userEnd + 1, end - 1) : formatIp(bytes, 4, 4);
    this.#expects = 'tunnel';
    this.#replies = 'request 4';
    return this.#take(sender, end, [userName(bytes.toString('latin1', 8, userEnd))], target(host, isNamed));
  }

  /** Reads one reply of the server; false if it is incomplete. */
  #reply(sender: Sender): boolean {
    const stream = this.#session[sender];
    const bytes = stream.bytes();
    if (this.#replies === 'request 4') {
      if (bytes.length < 8) return false;
      stream.consume(8);
      return this.#restart();
    }
    if (this.#replies === 'request' && bytes[0] === VERSION_5) {
      const length = addressLength(bytes, 3);
      if (length === 0 || (length > 0 && bytes.length < 4 + length + 2)) return false;
      if (length > 0) stream.consume(4 + length + 2);
      return this.#restart();
    }
    if (bytes.length < 2) return false;
    const answer = bytes[1]!;
    if (this.#replies === 'method' && answer !== NO_AUTHENTICATION && answer !== USERNAME_PASSWORD) return this.#restart();
    this.#replies = this.#replies === 'method' && answer === USERNAME_PASSWORD ? 'login' : 'request';
    stream.consume(2);
    return true;
  }

  #restart(): false {
    this.#restarted = true;
    this.#session.restart();
    return false;
  }

  /** Consumes a message of `length` bytes, and reports its contents. */
  #take(sender: Sender, length: number, values: readonly NamedValue[], facts: Message['facts'] = {}): true {
    const message = createMessage('socks', cleartext, this.#session.originAt(sender, length - 1));
    addNamed(message, values, this.#session);
    message.facts = facts;
    this.#session[sender].consume(length);
    this.#session.counters.add('socks', 'messages');
    this.#session.emit(message);
    return true;
  }
}

/** Length of the address whose type is at `at`, including the length byte of a name; 0 if it is incomplete, -1 if the type is unknown. */
function addressLength(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case undefined: return 0;
    case IPV4: return 4;
    case IPV6: return 16;
    case DOMAIN: return bytes[at + 1] === undefined ? 0 : 1 + bytes[at + 1]!;
    default: return -1;
  }
}

function target(host: string, isName: boolean): Message['facts'] {
  const domain = host.toLowerCase();
  const hops = new HopList();
  hops.add('socks-target', domain);
  const facts = { 'url.domain': domain, 'telltale.flow.hops': hops.texts };
  return !isName || domain === '' ? facts : { ...facts, 'destination.domain': domain, 'telltale.destination.domain_source': 'socks' };
}
