import { tcpSegment, toBuffer, type Endpoint } from './builder-packets.ts';
import type { Sender } from './flow.ts';
import { ACK, FIN, PSH, RST, SYN, TCP } from './protocols.ts';

/** Sends an IP payload from one address to another at a given time (µs). */
export type SendIp = (micros: number, sourceIp: string, destinationIp: string, transport: number, payload: Buffer) => void;

export interface TcpOptions {
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** Time of the first packet, µs since 1970. */
  readonly at: number;
  /** Time between a packet and its response. Default 20,000 µs. */
  readonly roundTripMicros?: number;
  /** Time between two packets of the same side. Default 100 µs. */
  readonly stepMicros?: number;
  /** Payload bytes per segment. Default 1460. */
  readonly mss?: number;
  /** Initial sequence numbers. Default 1000 and 5000. */
  readonly clientSequence?: number;
  readonly serverSequence?: number;
}

export interface SendOptions {
  /** Payload bytes per segment, for this call. */
  readonly mss?: number;
  /**
   * Which segments are sent, in which order: `[1, 0]` reorders, `[0, 0, 1]` retransmits the first, `[0, 2]` loses the second.
   * Default: each once, in order.
   */
  readonly transmit?: readonly number[];
}

interface Side {
  readonly endpoint: Endpoint;
  readonly initial: number;
  /** Sequence number of the next byte to send. */
  next: number;
}

/** A TCP connection, built step by step; each step returns the conversation. */
export class TcpConversation {
  /** Time of the next packet, µs since 1970. */
  clock: number;
  readonly #sendIp: SendIp;
  readonly #roundTripMicros: number;
  readonly #stepMicros: number;
  readonly #mss: number;
  readonly #client: Side;
  readonly #server: Side;

  constructor(options: TcpOptions, sendIp: SendIp) {
    const { clientSequence = 1000, serverSequence = 5000 } = options;
    this.clock = options.at;
    this.#sendIp = sendIp;
    this.#roundTripMicros = options.roundTripMicros ?? 20_000;
    this.#stepMicros = options.stepMicros ?? 100;
    this.#mss = options.mss ?? 1460;
    this.#client = { endpoint: options.client, initial: clientSequence, next: clientSequence + 1 };
    this.#server = { endpoint: options.server, initial: serverSequence, next: serverSequence + 1 };
  }

  handshake(): this {
    const client = this.#client;
    const server = this.#server;
    this.#packet(client, server, SYN, client.initial, 0);
    this.pause(this.#roundTripMicros - this.#stepMicros);
    this.#packet(server, client, SYN | ACK, server.initial, client.next);
    this.#packet(client, server, ACK, client.next, server.next);
    return this;
  }

  /** From client to server, acknowledged one round trip later. */
  send(bytes: Buffer | string, options?: SendOptions): this {
    return this.#transmit(this.#client, this.#server, toBuffer(bytes), options);
  }

  /** From server to client. */
  receive(bytes: Buffer | string, options?: SendOptions): this {
    return this.#transmit(this.#server, this.#client, toBuffer(bytes), options);
  }

  /** Sends one segment at `offset` bytes from the start of a side's stream, whatever was sent so far: duplicate, overlapping, far ahead. */
  segment(sender: Sender, offset: number, bytes: Buffer | string): this {
    const [from, to] = sender === 'source' ? [this.#client, this.#server] : [this.#server, this.#client];
    this.#packet(from, to, PSH | ACK, from.initial + 1 + offset, to.next, toBuffer(bytes));
    return this;
  }

  /** A keep-alive probe of the client (RFC 9293, section 3.8.4), with one byte that was already acknowledged. */
  keepAlive(): this {
    this.#packet(this.#client, this.#server, ACK, this.#client.next - 1, this.#server.next, Buffer.alloc(1));
    this.#packet(this.#server, this.#client, ACK, this.#server.next, this.#client.next);
    return this;
  }

  pause(micros: number): this {
    this.clock += micros;
    return this;
  }

  /** FIN of the client, FIN of the server. */
  close(): this {
    this.#packet(this.#client, this.#server, FIN | ACK, this.#client.next++, this.#server.next);
    this.#packet(this.#server, this.#client, FIN | ACK, this.#server.next++, this.#client.next);
    this.#packet(this.#client, this.#server, ACK, this.#client.next, this.#server.next);
    return this;
  }

  /** RST of the server. */
  reset(): this {
    this.#packet(this.#server, this.#client, RST | ACK, this.#server.next, this.#client.next);
    return this;
  }

  #transmit(from: Side, to: Side, bytes: Buffer, options: SendOptions = {}): this {
    const mss = options.mss ?? this.#mss;
    const count = Math.ceil(bytes.length / mss);
    for (const index of options.transmit ?? Array.from({ length: count }, (_, at) => at)) {
      const start = index * mss;
      this.#packet(from, to, PSH | ACK, from.next + start, to.next, bytes.subarray(start, start + mss));
    }
    from.next += bytes.length;
    this.pause(this.#roundTripMicros);
    this.#packet(to, from, ACK, to.next, from.next);
    return this;
  }

  #packet(from: Side, to: Side, flags: number, sequence: number, acknowledgement: number, payload: Buffer = Buffer.alloc(0)): void {
    const segment = tcpSegment(from.endpoint, to.endpoint, { sequence, acknowledgement, flags, payload });
    this.#sendIp(this.clock, from.endpoint.ip, to.endpoint.ip, TCP, segment);
    this.clock += this.#stepMicros;
  }
}
