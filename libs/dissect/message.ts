import type { FlowRecord } from '#flow';

/** Who of a flow sends: the `source` opened it, the `destination` answers. */
export type Sender = 'source' | 'destination';

/** Who sent a message, and the packet whose bytes complete it: its number, and its time in µs since the epoch. */
export interface Origin {
  readonly sender: Sender;
  readonly frame: number;
  readonly micros: number;
}

export interface Encryption {
  /** `cleartext`: anyone on the path can read it. `opaque`: no known structure, so neither can be claimed. */
  readonly verdict: 'cleartext' | 'encrypted' | 'opaque';
  /** What the verdict rests on, such as `TLS ClientHello`. */
  readonly reason: string;
}

/** One named value that stood readable in a message. */
export interface Field {
  /** Where it stood: `url.query.uid`, `http.request.header.cookie.sid`, `http.request.body.json.rooms[0].id`. A key that is data itself is `*`. */
  path: string;
  /** Innermost key, as written. An element of an array has the key of its array. */
  key: string;
  /** Decoded. What is not UTF-8 holds U+FFFD. */
  value: string;
  /** Encodings around the value, outermost first, joined by `>`: `url`, `url>json`, `gzip>url`. Empty: it stood as it is. */
  encoding: string;
  sender: Sender;
  /** Number of the packet whose bytes complete the value; for a compressed body the packet that completes the body. */
  frame: number;
}

/** A name that was resolved: what a passive name cache learns from. */
export interface NameResolution {
  /** The name asked for, in lower case, whatever CNAMEs led on from it. */
  name: string;
  addresses: string[];
  /** Names that CNAMEs led on to, in their order. */
  aliases?: readonly string[];
  /** Least TTL on the way from the name to the addresses, in seconds. */
  ttl: number;
}

/**
 * One application message: a request, a response, a ClientHello, a datagram.
 *
 * It is raw: identifiers stand in it as they stood on the wire. `payload` may be a view into the caller's buffer, and is valid
 * only until the handler it was handed to returns.
 */
export interface Message {
  /** Name of the dissector: `http` (HTTP/2 too), `dns`, `tls`, `smtp`, `sip` …; `udp` and `tcp` where nothing claims the bytes. */
  protocol: string;
  sender: Sender;
  /** Number and time (µs since epoch) of the packet whose bytes complete the message. */
  frame: number;
  micros: number;
  /**
   * The protocol's own name of the session, the same in all of its messages and drawn anew for each, such as a Call-ID. Raw: records carry its token.
   */
  session?: string;
  /** Cleartext facts under their record names, not yet redacted. */
  facts: Partial<FlowRecord>;
  encryption: Encryption;
  fields: Field[];
  /** Bytes without named fields, for the recogniser to scan: unclaimed payload, or a request body of no known form. */
  payload: Buffer | null;
  /**
   * Beginning of a packet of a binary stream that nothing claims: for the search for values that recur, not for the recogniser. Valid as `payload`
   * is.
   */
  sample?: Buffer;
  /** Only on a DNS response that carries addresses. */
  resolution?: NameResolution;
}

export type Emit = (message: Message) => void;

/** A message without facts, fields and payload yet. */
export function createMessage(protocol: string, encryption: Encryption, { sender, frame, micros }: Origin): Message {
  return { protocol, sender, frame, micros, facts: {}, encryption, fields: [], payload: null };
}

/** What messages of payload alone have. Never written to. */
const noFacts: Message['facts'] = {};
const noFields: Message['fields'] = [];

/** A message that nothing is known of but its payload, of which there are many: they share what they lack. */
export function payloadMessage(protocol: string, encryption: Encryption, { sender, frame, micros }: Origin, payload: Buffer): Message {
  return { protocol, sender, frame, micros, facts: noFacts, encryption, fields: noFields, payload };
}
