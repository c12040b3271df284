import { readsLikeIpv4 } from './address.ts';
import { FieldList, type FrameMap } from './fieldlist.ts';
import { endpointText, HopList } from './hops.ts';
import { hostOf } from './host.ts';
import { parseHead, type Header } from './http-head.ts';
import { addTarget, splitTarget } from './http-target.ts';
import { createMessage, type Encryption, type Message, type Origin } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import { readSdp } from './sdp.ts';
import { decodeUrl, decodeUtf8 } from './urlencoded.ts';

const sip: Encryption = { verdict: 'cleartext', reason: 'SIP' };
const rtsp: Encryption = { verdict: 'cleartext', reason: 'RTSP' };

const startLine = /^(?:[A-Z][A-Z_]{2,19} +(?:sips?|tel|rtspu?|\*)[^\s]* +(SIP\/2|RTSP\/[12])\.0|(SIP\/2|RTSP\/[12])\.0 +\d{3}(?: .*)?)$/i;

/** `SIP` or `RTSP` if the line starts a message of that protocol (RFC 3261, section 7; RFC 7826, section 5), else ''. */
export function sessionProtocolOf(line: string): 'sip' | 'rtsp' | '' {
  // Trimmed here: white space of which the line may or may not be full must not have two ways to match.
  const match = startLine.exec(line.trimEnd());
  if (match === null) return '';
  return /^sip/i.test((match[1] ?? match[2])!) ? 'sip' : 'rtsp';
}

/** Compact forms (https://www.iana.org/assignments/sip-parameters) of the headers that are read. */
const compact = new Map([
  ['f', 'from'], ['t', 'to'], ['m', 'contact'], ['v', 'via'], ['r', 'refer-to'], ['b', 'referred-by'], ['l', 'content-length'], ['c', 'content-type'],
  ['i', 'call-id'],
]);

/** Headers that identify people. Call-ID, tags, branches and nonces are generated for each call, and skipped. */
const people = new Set([
  'from', 'to', 'contact', 'p-asserted-identity', 'p-preferred-identity', 'remote-party-id', 'p-called-party-id', 'diversion', 'history-info',
  'referred-by', 'refer-to', 'reply-to', 'p-associated-uri',
]);

/** Characters of a header value that are searched for people. */
const longestValue = 4096;
/** Maximum number of addresses in one header. */
const mostAddresses = 16;
const mostHops = 64;

export function headerName({ name }: Header): string {
  return compact.get(name) ?? name;
}

/** A message, head and body, and the packets that brought it. */
export interface SessionText {
  readonly protocol: 'sip' | 'rtsp';
  readonly bytes: Buffer;
  readonly headLength: number;
  readonly frames: FrameMap;
}

/**
 * Reads a SIP or RTSP message.
 *
 * People become fields: `sip.from.uri`, or `sip.from.phone` if the user is a number. The addresses in Via, Contact and SDP, over which the call
 * will run, become `telltale.session.ip`; together with those in Record-Route, and with their kinds, they become `telltale.flow.hops`; those in SDP
 * that have a port become `telltale.session.endpoints`. The Call-ID is the message's session.
 */
export function sessionMessage({ protocol, bytes, headLength, frames }: SessionText, origin: Origin, environment: DissectEnvironment): Message {
  const message = createMessage(protocol, protocol === 'sip' ? sip : rtsp, origin);
  const { facts } = message;
  const head = parseHead(bytes.toString('latin1', 0, headLength), () => environment.counters.add(protocol, 'malformed header'));
  const reader = new SessionReader(message, environment, frames);
  const target = /^[A-Z_]+ +(\S+)/i.exec(head.startLine);
  if (target !== null && !/^(?:SIP|RTSP)\//.test(head.startLine)) reader.target(target[1]!);
  const status = /^SIP\/2\.0 +(\d{3})/i.exec(head.startLine);
  const method = /^([A-Z][A-Z_]{1,31}) /i.exec(head.startLine);
  if (status !== null) facts['telltale.sip.status_code'] = Number(status[1]);
  else if (protocol === 'sip' && method !== null) facts['telltale.sip.method'] = method[1]!.toUpperCase();
  let contentType = '';
  for (const header of head.headers) {
    const name = headerName(header);
    if (people.has(name)) reader.people(name, header);
    else if (name === 'via') reader.via(header);
    else if (name === 'cseq' && status !== null) facts['telltale.sip.method'] = /^\d+ +([A-Z_]{2,32})$/i.exec(header.value)?.[1]!.toUpperCase() ?? '';
    else if (name === 'record-route' || name === 'route') reader.route(name, header);
    else if (name === 'authorization' || name === 'proxy-authorization') reader.authorization(name, header);
    else if (name === 'user-agent') {
      facts['user_agent.original'] = decodeUtf8(header.value);
      reader.field('header.user-agent', header.written, facts['user_agent.original'], header);
    }
    else if (name === 'call-id' && header.value !== '') message.session = header.value;
    else if (name === 'content-type') contentType = header.value.toLowerCase();
    else if (name === 'session' && protocol === 'rtsp') reader.field('session', 'session', header.value.split(';', 1)[0]!.trim(), header);
  }
  reader.originator();
  if (contentType.startsWith('application/sdp')) {
    readSdp(bytes.toString('latin1', headLength), {
      address: (kind, ip) => reader.media(kind, ip),
      endpoint: (ip, port) => reader.endpoint(ip, port),
      origin: (user) => reader.origin(user, headLength),
      contact: (kind, value) => reader.contact(kind, value, bytes.length),
      key: (value) => reader.field('sdp.crypto', 'sdp_crypto', value, { end: bytes.length }),
    });
    reader.described();
  } else if (headLength < bytes.length) message.payload = bytes.subarray(headLength);
  if (reader.endpoints.size > 0) facts['telltale.session.endpoints'] = [...reader.endpoints];
  if (reader.hops.size > 0) facts['telltale.session.ip'] = [...reader.hops];
  const { texts } = reader.path;
  if (texts.length > 0) facts['telltale.flow.hops'] = texts;
  return message;
}

/** A number as users dial it or networks write it: `+49…`, `0049…`, or 7 to 15 digits (ITU-T E.164). */
const number = /^\+?\d{7,15}$/;

class SessionReader {
  readonly hops = new Set<string>();
  readonly endpoints = new Set<string>();
  readonly path = new HopList();
  #originator: readonly string[] = [];
  #originIp = '';
  readonly #mediaIps = new Set<string>();
  readonly #message: Message;
  readonly #environment: DissectEnvironment;
  readonly #frames: FrameMap;

  constructor(message: Message, environment: DissectEnvironment, frames: FrameMap) {
    this.#message = message;
    this.#environment = environment;
    this.#frames = frames;
  }

  /** The recipient of a request; in RTSP, the resource. */
  target(uri: string): void {
    if (this.#message.protocol === 'sip') this.#uri('request', uri, { end: uri.length });
    else this.#resource(uri);
  }

  /** `"Display name" <uri>;parameters, …` (RFC 3261, section 20.10). */
  people(name: string, header: Header): void {
    let left = mostAddresses;
    for (const match of header.value
      .slice(0, longestValue)
      .matchAll(/(?:"((?:[^"\\]|\\.){0,256})"\s{0,8}|([^<",;]{0,128}))<([^<>]+)>([^,"]*(?:"[^"]*"[^,"]*)*)|((?:sips?|tel):[^\s,;<>]+)/gi)) {
      if (left-- === 0) return;
      const uri = (match[3] ?? match[5])!;
      this.#uri(name, uri, header);
      const display = decodeUtf8((match[1] ?? match[2] ?? '').trim());
      if (display !== '' && !uri.includes(display)) {
        if (number.test(display)) this.field(`${name}.phone`, 'phone', display, header);
        else this.field(`${name}.display_name`, 'display_name', display, header);
      }
      this.#instance(name, match[4] ?? '', header);
    }
  }

  /** `SIP/2.0/UDP host:port;received=…;branch=…` (RFC 3261, section 20.42): the hops that the message has passed, latest first. */
  via(header: Header): void {
    for (const match of header.value.slice(0, longestValue).matchAll(/SIP *\/ *2\.0 *\/ *\w+ +(\[[^\]]+\]|[^\s:;,]+)([^,]*)/gi)) {
      const received = /;\s*received\s*=\s*([^;\s]+)/i.exec(match[2]!)?.[1];
      this.hop(match[1]!);
      if (received !== undefined) this.hop(received);
      for (const host of this.#originator) this.path.add('sip-via', host);
      this.#originator = received === undefined ? [match[1]!] : [match[1]!, received];
    }
  }

  /** The last Via is the device from which the request originated, not a proxy. */
  originator(): void {
    for (const host of this.#originator) this.path.addPerson('sip-contact', host);
  }

  /** `<sip:proxy;lr>, …` (RFC 3261, sections 20.30 and 20.34): proxies through which all further requests are routed. */
  route(name: string, header: Header): void {
    for (const match of header.value.slice(0, longestValue).matchAll(/<sips?:(?:[^@<>]*@)?(\[[^\]<>]+\]|[^;:?<>\s]+)/gi))
      this.path.add(`sip-${name}`, match[1]!);
  }

  /** An address in SDP. */
  media(kind: string, ip: string): void {
    this.hop(ip);
    if (kind === 'sdp-media') this.#mediaIps.add(ip);
    if (kind === 'sdp-origin') this.#originIp = ip;
    else if (kind === 'sdp-media' || kind === 'ice-relay') this.path.add(kind, ip);
    else this.path.addPerson(kind, ip);
  }

  /** The origin of the session description is a hop of its own unless the media go there. */
  described(): void {
    if (!this.#mediaIps.has(this.#originIp)) this.path.addPerson('sdp-origin', this.#originIp);
  }

  /** An endpoint to which, according to SDP, media are sent. */
  endpoint(ip: string, port: number): void {
    const text = endpointText(ip, port);
    if (text !== '' && this.endpoints.size < mostHops) this.endpoints.add(text);
  }

  /** The user name of a digest login (RFC 8760), and the credentials as written. */
  authorization(name: string, header: Header): void {
    const user = /^Digest\s.*?\busername\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(header.value);
    if (user !== null) this.field('login.user_name', 'user_name', decodeUtf8(user[1]!.replace(/\\(.)/g, '$1')), header);
    this.field(`header.${name}`, header.written, decodeUtf8(header.value), header);
  }

  /** The session's originator, from SDP's `o=`. */
  origin(user: string, position: number): void {
    if (user === '-' || /^\d+$/.test(user)) return;
    this.field('sdp.origin.user_name', 'sdp_origin', user, { end: position });
  }

  /** An address or a number, preceded or followed by a name (RFC 8866, section 5.6). */
  contact(kind: 'email' | 'phone', value: string, end: number): void {
    const bare = /<([^<>]+)>/.exec(value)?.[1] ?? value.replace(/\([^()]*\)/g, '').trim();
    this.field(`sdp.${kind}`, kind, bare.replace(/^(?:mailto|tel):/i, ''), { end });
  }

  /** Adds an address; names are left to passive DNS. */
  hop(host: string): void {
    const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
    const isAddress = readsLikeIpv4(bare) || (/^[0-9a-f:.]+$/.test(bare) && bare.includes(':'));
    if (isAddress && bare !== '0.0.0.0' && bare !== '::' && this.hops.size < mostHops) this.hops.add(bare);
  }

  field(name: string, key: string, value: string, { end }: { end: number }): void {
    const { fields, sender, protocol } = this.#message;
    if (value === '' || fields.length >= this.#environment.options.maxFields) return;
    fields.push({ path: `${protocol}.${name}`, key, value, encoding: '', sender, frame: this.#frames.frameAt(Math.max(0, end - 1)) });
  }

  /** `sip:user:password@host;parameters`, `tel:number`. A URI without a user denotes a server. */
  #uri(name: string, uri: string, at: { end: number }): void {
    const tel = /^tel:([^;]+)/i.exec(uri);
    if (tel !== null) {
      this.field(`${name}.phone`, 'phone', tel[1]!.replace(/[-.()]/g, ''), at);
      return;
    }
    const parts = /^(sips?):(?:([^@:;]+)([^@]*)@)?(\[[^\]]+\]|[^;:?\s]+)/i.exec(uri);
    if (parts === null) return;
    const [, scheme, user = '', , host] = parts;
    if (name === 'contact') {
      this.hop(host!);
      this.path.addPerson('sip-contact', host!);
    }
    if (user === '' || /^anonymous$/i.test(user)) return;
    const decoded = decodeUrl(user);
    if (number.test(decoded)) this.field(`${name}.phone`, 'phone', decoded, at);
    else this.field(`${name}.uri`, 'sip_uri', `${scheme!.toLowerCase()}:${decoded}@${host}`, at);
  }

  /** The device of a Contact: `+sip.instance="<urn:uuid:…>"` (RFC 5626, section 4.1), or with the IMEI (RFC 7254). */
  #instance(name: string, parameters: string, header: Header): void {
    const instance = /\+sip\.instance\s*=\s*"<urn:(?:uuid:([^>]+)|gsma:imei:([\d-]+))/i.exec(parameters);
    if (instance === null) return;
    if (instance[1] !== undefined) this.field(`${name}.instance`, 'device_id', instance[1], header);
    else this.field(`${name}.instance`, 'imei', instance[2]!.replaceAll('-', ''), header);
  }

  /** `rtsp://user:password@host/path?query`. Cameras take logins in path and query too. */
  #resource(uri: string): void {
    if (!/^rtspu?:\/\//i.test(uri)) return;
    const { facts } = this.#message;
    const target = splitTarget('', uri);
    const { userInfo, authority, path, query } = target;
    const host = hostOf(authority);
    if (host === null) this.#environment.counters.add('rtsp', 'malformed host');
    else facts['url.domain'] = host;
    if (path !== '') facts['url.path'] = decodeUtf8(path);
    if (query !== '') facts['url.query'] = decodeUtf8(query);
    if (userInfo !== '') {
      const [user = '', ...secret] = userInfo.split(':');
      this.field('login.user_name', 'user_name', decodeUrl(user), { end: uri.length });
      this.field('login.password', 'password', decodeUrl(secret.join(':')), { end: uri.length });
    }
    addTarget(new FieldList(this.#message, this.#environment), { ...target, userInfo: '' }, 0, this.#frames);
  }
}
