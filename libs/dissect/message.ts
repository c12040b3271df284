import type { FlowRecord } from '#flow';

/** Which side of a flow sends: the `source` opened it, the `destination` responds. */
export type Sender = 'source' | 'destination';

/** The sender of a message, and the packet that completes it: its number, and its time in µs since the epoch. */
export interface Origin {
  readonly sender: Sender;
  readonly frame: number;
  readonly micros: number;
}

export interface Encryption {
  /** `cleartext`: anyone on the path can read it. `opaque`: no known structure, so neither of the others can be claimed. */
  readonly verdict: 'cleartext' | 'encrypted' | 'opaque';
  /** The reason for the verdict, such as `TLS ClientHello`. */
  readonly reason: string;
}

/** One named value that was readable in a message. */
export interface Field {
  /** Its path: `url.query.uid`, `http.request.header.cookie.sid`, `http.request.body.json.rooms[0].id`. A key that is itself data becomes `*`. */
  path: string;
  /** Innermost key, as written. An element of an array has the key of its array. */
  key: string;
  /** Decoded. Invalid UTF-8 becomes U+FFFD. */
  value: string;
  /** Encodings around the value, outermost first, joined by `>`: `url`, `url>json`, `gzip>url`. Empty if it was not encoded. */
  encoding: string;
  sender: Sender;
  /** Number of the packet whose bytes complete the value; for a compressed body the packet that completes the body. */
  frame: number;
}

/** A resolved name, from which a passive name cache learns. */
export interface NameResolution {
  /** The queried name, in lower case, regardless of any CNAMEs that follow. */
  name: string;
  addresses: string[];
  /** The names that the CNAMEs point to, in order. */
  aliases?: readonly string[];
  /** Lowest TTL along the chain from the name to the addresses, in seconds. */
  ttl: number;
}

/**
 * One application message: a request, a response, a ClientHello, a datagram.
 *
 * It is raw: identifiers are in it as they were on the wire. `payload` may be a view into the caller's buffer, and is valid only until the
 * handler that receives it returns.
 */
export interface Message {
  /** Name of the dissector: `http` (also for HTTP/2), `dns`, `tls`, `smtp`, `sip` …; `udp` and `tcp` if no dissector claims the bytes. */
  protocol: string;
  sender: Sender;
  /** Number and time (µs since epoch) of the packet whose bytes complete the message. */
  frame: number;
  micros: number;
  /**
   * The protocol's own session identifier, such as a Call-ID: the same in all messages of a session, and unique to it. Raw: records hold its
   * token.
   */
  session?: string;
  /** Cleartext facts, keyed by record field, not yet redacted. */
  facts: Partial<FlowRecord>;
  encryption: Encryption;
  fields: Field[];
  /** Bytes without named fields, for the recogniser to scan: unclaimed payload, or a request body in no known format. */
  payload: Buffer | null;
  /**
   * Beginning of a packet of an unclaimed binary stream: for the search for recurring values, not for the recogniser. Valid for as long as
   * `payload` is.
   */
  sample?: Buffer;
  /** Only on a DNS response that carries addresses. */
  resolution?: NameResolution;
}

export type Emit = (message: Message) => void;

/** A message that has no facts, fields or payload yet. */
export function createMessage(protocol: string, encryption: Encryption, { sender, frame, micros }: Origin): Message {
  return { protocol, sender, frame, micros, facts: {}, encryption, fields: [], payload: null };
}

/** The facts of messages that consist of payload alone. Never written to. */
const noFacts: Message['facts'] = {};
const noFields: Message['fields'] = [];

/** A message of which only the payload is known. There are many of these, so they share their empty facts. */
export function payloadMessage(protocol: string, encryption: Encryption, { sender, frame, micros }: Origin, payload: Buffer): Message {
  return { protocol, sender, frame, micros, facts: noFacts, encryption, fields: noFields, payload };
}
