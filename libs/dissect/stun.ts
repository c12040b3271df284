import { formatIp } from './address.ts';
import type { DissectCounters } from './counters.ts';
import { FieldList } from './fieldlist.ts';
import type { HandshakeTimer } from './handshake-timer.ts';
import { endpointText, HopList } from './hops.ts';
import { createMessage, type Encryption, type Message, type Origin } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import { paddedText } from './text.ts';

const cleartext: Encryption = { verdict: 'cleartext', reason: 'STUN' };

export const stunHeaderBytes = 20;
const MAGIC_COOKIE = 0x2112a442;

const BINDING = 1;

/** Bits of the message type that hold the class, and the classes. */
const classBits = 0x0110;
const [REQUEST, SUCCESS, ERROR] = [0x0000, 0x0100, 0x0110];

const MAPPED_ADDRESS = 0x0001;
const USERNAME = 0x0006;
const MS_MAGIC_COOKIE = 0x000f;
const XOR_PEER_ADDRESS = 0x0012;
const REALM = 0x0014;
const XOR_RELAYED_ADDRESS = 0x0016;
const XOR_MAPPED_ADDRESS = 0x0020;
const MS_XOR_MAPPED_ADDRESS = 0x8020;
const SOFTWARE = 0x8022;
const ALTERNATE_SERVER = 0x8023;
const RESPONSE_ORIGIN = 0x802b;
/** The web origin that opened the session: draft-johnston-tram-stun-origin. */
const ORIGIN = 0x802f;
const OTHER_ADDRESS = 0x802c;

/** Length in bytes of the STUN message at the start of `bytes` (RFC 8489, section 5), including its header; 0 if there is none. */
export function stunLength(bytes: Buffer): number {
  if (bytes.length < stunHeaderBytes || bytes[0]! > 0x3f || bytes.readUInt32BE(4) !== MAGIC_COOKIE) return 0;
  return stunHeaderBytes + bytes.readUInt16BE(2);
}

/**
 * Is it a STUN message without magic cookie (RFC 3489)? Only Binding is accepted, and only if the attributes fill the datagram exactly: anything
 * else is too similar to other protocols.
 */
export function isClassicStun(payload: Buffer): boolean {
  if (payload.length < stunHeaderBytes + 4 || payload[0]! > 1 || !classicTypes.has(payload.readUInt16BE(0))) return false;
  if (payload.readUInt16BE(2) !== payload.length - stunHeaderBytes || payload.length % 4 !== 0) return false;
  let at = stunHeaderBytes;
  while (at + 4 <= payload.length) {
    const type = payload.readUInt16BE(at);
    if (type === 0 || (type > lastClassicAttribute && (type & 0xff80) !== 0x8000)) return false;
    at += 4 + payload.readUInt16BE(at + 2);
  }
  return at === payload.length;
}

/** Request, response, error; the last of RFC 3489's attributes that must be understood. */
const classicTypes = new Set([0x0001, 0x0101, 0x0111]);
const lastClassicAttribute = 0x000b;

/** Reads a STUN or TURN message. `bytes` is the whole message, as measured by {@link stunLength}; a truncated one is read as far as it goes. */
export function stunMessage(bytes: Buffer, origin: Origin, environment: DissectEnvironment): Message {
  const message = createMessage('stun', cleartext, origin);
  const { facts } = message;
  const reader = new AttributeReader(message, environment, bytes);
  if (!reader.readAll()) environment.counters.add('stun', 'malformed attribute');
  const { 'telltale.stun.relayed_ip': relay = '', 'telltale.stun.peer_ip': peers = [] } = facts;
  if (relay !== '' || peers.length > 0) {
    const hops = new HopList();
    hops.add('turn-relay', relay);
    for (const peer of peers) hops.add('turn-peer', peer);
    facts['telltale.flow.hops'] = hops.texts;
  }
  // Most messages are keep-alives: only those with content get a type, and thereby a record.
  if (!isEmpty(facts)) facts['telltale.stun.type'] = typeName(bytes.readUInt16BE(0));
  environment.counters.add('stun', 'messages');
  return message;
}

/** Adds the attributes of one message to its facts and fields. */
class AttributeReader {
  readonly #facts: Message['facts'];
  readonly #fields: FieldList;
  readonly #counters: DissectCounters;
  readonly #bytes: Buffer;
  /**
   * Microsoft's TURN is marked by its first attribute: it does not pad ([MS-TURN], section 2.2.2.1), and MAPPED-ADDRESS is the relay's (2.2.2.2).
   */
  readonly #isMicrosoft: boolean;

  constructor(message: Message, environment: DissectEnvironment, bytes: Buffer) {
    this.#facts = message.facts;
    this.#fields = new FieldList(message, environment);
    this.#counters = environment.counters;
    this.#bytes = bytes;
    this.#isMicrosoft = bytes.length >= stunHeaderBytes + 2 && bytes.readUInt16BE(stunHeaderBytes) === MS_MAGIC_COOKIE;
  }

  /** Returns false if one does not fit. */
  readAll(): boolean {
    const bytes = this.#bytes;
    let position = stunHeaderBytes;
    while (position + 4 <= bytes.length) {
      const start = position + 4;
      const end = start + bytes.readUInt16BE(position + 2);
      if (end > bytes.length) return false;
      this.#read(bytes.readUInt16BE(position), start, end);
      position = this.#isMicrosoft ? end : start + ((end - start + 3) & ~3);
    }
    return position >= bytes.length;
  }

  #read(attribute: number, start: number, end: number): void {
    switch (attribute) {
      case USERNAME: return this.#user(this.#text(start, end));
      case REALM: return this.#tell('realm', this.#text(start, end));
      case SOFTWARE: return this.#tell('software', this.#text(start, end));
      case ORIGIN: return this.#fields.add('stun.origin', 'origin', this.#text(start, end));
      case MAPPED_ADDRESS:
        this.#facts[this.#isMicrosoft ? 'telltale.stun.relayed_ip' : 'telltale.stun.mapped_ip'] ??= readAddress(this.#bytes.subarray(start, end));
        return;
      case XOR_MAPPED_ADDRESS: case MS_XOR_MAPPED_ADDRESS: this.#facts['telltale.stun.mapped_ip'] = readAddress(this.#unmasked(start, end)); return;
      case XOR_RELAYED_ADDRESS: {
        const value = this.#unmasked(start, end);
        this.#facts['telltale.stun.relayed_ip'] = readAddress(value);
        return this.#append('telltale.session.endpoints', readEndpoint(value));
      }
      case XOR_PEER_ADDRESS: {
        const value = this.#unmasked(start, end);
        this.#append('telltale.stun.peer_ip', readAddress(value));
        return this.#append('telltale.session.endpoints', readEndpoint(value));
      }
      case ALTERNATE_SERVER: case RESPONSE_ORIGIN: case OTHER_ADDRESS: {
        const value = this.#bytes.subarray(start, end);
        if (attribute === ALTERNATE_SERVER) this.#append('telltale.session.endpoints', readEndpoint(value));
        return this.#append('telltale.session.ip', readAddress(value));
      }
    }
  }

  /** Some senders include a terminating zero in the length. */
  #text(start: number, end: number): string {
    return paddedText(this.#bytes.subarray(start, end), 'utf8');
  }

  /** The unmasked value of an XOR-MAPPED-ADDRESS: the mask is the magic cookie followed by the transaction id (RFC 8489, section 14.2). */
  #unmasked(start: number, end: number): Buffer {
    const value = Buffer.from(this.#bytes.subarray(start, end));
    for (let i = 2; i < Math.min(value.length, stunHeaderBytes); i++) value[i]! ^= this.#bytes[i < 4 ? i + 2 : i]!;
    return value;
  }

  /** Adds a text that may contain a name. */
  #tell(name: 'realm' | 'software', text: string): void {
    this.#facts[`telltale.stun.${name}`] = text;
    this.#fields.add(`stun.${name}`, name, text);
  }

  #append(fact: 'telltale.stun.peer_ip' | 'telltale.session.ip' | 'telltale.session.endpoints', text: string): void {
    if (text === '') return;
    const texts = (this.#facts[fact] ??= []) as string[];
    texts.push(text);
  }

  /**
   * A long-term user name is an identifier. The pair of ICE user fragments in connectivity checks is generated for each session, so it goes under
   * a path of its own. ICE uses it in Binding only, and its fragments consist of ice-char (RFC 8839, section 5.4), which distinguishes them from
   * the GUIDs and names that some services send instead.
   */
  #user(name: string): void {
    const isBinding = methodOf(this.#bytes.readUInt16BE(0)) === BINDING;
    // oxlint-disable-next-line no-control-regex
    if (/[\x00-\x1f\x7f\ufffd]/.test(name)) this.#counters.add('stun', 'binary username');
    else if (isBinding && iceUsername.test(name)) this.#fields.add('stun.ice_username', 'ice_username', name);
    else this.#fields.add('stun.username', 'username', name);
  }
}

function isEmpty(facts: Message['facts']): boolean {
  for (const _ in facts) return false;
  return true;
}

/** The payload of TURN channel data, after a channel number from 0x4000 to 0x4FFF and a length (RFC 8656, section 12.4). Null if it is none. */
export function channelData(bytes: Buffer): Buffer | null {
  if (bytes.length < 4 || (bytes[0]! & 0xf0) !== 0x40) return null;
  const end = 4 + bytes.readUInt16BE(2);
  return end <= bytes.length && bytes.length - end < 4 ? bytes.subarray(4, end) : null;
}

/** Sets the round-trip time from a request to its first response, which has the same transaction id. */
export function timeStun(bytes: Buffer, message: Message, timer: HandshakeTimer): void {
  const kind = bytes.readUInt16BE(0) & classBits;
  if (kind !== REQUEST && kind !== SUCCESS && kind !== ERROR) return;
  const transaction = bytes.toString('latin1', 8, stunHeaderBytes);
  if (kind === REQUEST) return timer.asked(message, transaction);
  const rtt = timer.answered(message, transaction);
  if (rtt > 0) message.facts['telltale.handshake.rtt'] = rtt;
}

/** The method's bits are interleaved with those of the class (RFC 8489, section 5). */
function methodOf(type: number): number {
  return (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2);
}

/** STUN and TURN methods (IANA, STUN Methods), and classes by their two bits; an unknown method is shown as a number: `0x80a request`. */
const methods: Record<number, string | undefined> = {
  1: 'binding',
  3: 'allocate',
  4: 'refresh',
  6: 'send',
  7: 'data',
  8: 'create-permission',
  9: 'channel-bind',
  10: 'connect',
  11: 'connection-bind',
  12: 'connection-attempt',
};
const classes = ['request', 'indication', 'success', 'error'] as const;

function typeName(type: number): string {
  const method = methodOf(type);
  return `${methods[method] ?? `0x${method.toString(16)}`} ${classes[((type & 0x0100) >> 7) | ((type & 0x0010) >> 4)]}`;
}

const iceUsername = /^[A-Za-z0-9+/]{1,256}:[A-Za-z0-9+/]{1,256}$/;

/** The value of a MAPPED-ADDRESS (RFC 8489, section 14.1): a zero, the family, port and address. '' if invalid. */
function readAddress(value: Buffer): string {
  const isAddress = (value[1] === 1 && value.length === 8) || (value[1] === 2 && value.length === 20);
  return isAddress ? formatIp(value, 4, value.length - 4) : '';
}

/** The same with its port: `192.0.2.1:49152`. */
function readEndpoint(value: Buffer): string {
  const ip = readAddress(value);
  return ip === '' ? '' : endpointText(ip, value.readUInt16BE(2));
}
