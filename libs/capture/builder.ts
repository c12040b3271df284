import { parseAddress } from './address.ts';
import { writePcap, writePcapng, type BuiltFrame, type FileOptions } from './builder-files.ts';
import { ipPackets, udpDatagram, type Endpoint } from './builder-packets.ts';
import { TcpConversation, type SendIp, type TcpOptions } from './builder-tcp.ts';
import { UDP } from './protocols.ts';

const linkTypes = { ethernet: 1, raw: 101 } as const;

export interface CaptureBuilderOptions {
  /** Default `ethernet`. */
  readonly link?: keyof typeof linkTypes;
  /** VLAN ids of each Ethernet frame, outermost first (802.1ad outside, 802.1Q inside). Default none. */
  readonly vlans?: readonly number[];
  /** MTU in bytes; larger IP packets are fragmented. Default 1500. */
  readonly mtu?: number;
}

export interface UdpOptions {
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** Time of the first packet, µs since 1970. */
  readonly at: number;
  /** Time between two packets. Default 10,000 µs. */
  readonly stepMicros?: number;
}

/**
 * Builds a capture in memory: the same calls give the same bytes. Checksums are correct, so that other tools accept it.
 *
 * ```ts
 * const builder = new CaptureBuilder();
 * builder.tcp({ client, server, at }).handshake().send('GET / HTTP/1.1\r\n\r\n').receive(answer).close();
 * builder.udp({ client, server, at }).send(query).receive(answer);
 * const file = builder.pcapng();
 * ```
 *
 * The file holds the packets in chronological order, whatever the order of the calls.
 */
export class CaptureBuilder {
  readonly #link: keyof typeof linkTypes;
  readonly #vlans: readonly number[];
  readonly #mtu: number;
  readonly #frames: BuiltFrame[] = [];
  #ipId = 0;

  constructor({ link = 'ethernet', vlans = [], mtu = 1500 }: CaptureBuilderOptions = {}) {
    this.#link = link;
    this.#vlans = vlans;
    this.#mtu = mtu;
  }

  tcp(options: TcpOptions): TcpConversation {
    return new TcpConversation(options, this.#sendIp);
  }

  udp(options: UdpOptions): UdpConversation {
    return new UdpConversation(options, this.#sendIp);
  }

  /** Adds an IP packet with any transport. */
  ip(packet: { at: number; sourceIp: string; destinationIp: string; transport: number; payload: Buffer }): this {
    this.#sendIp(packet.at, packet.sourceIp, packet.destinationIp, packet.transport, packet.payload);
    return this;
  }

  /** Adds a link frame as it is. */
  frame(micros: number, bytes: Buffer): this {
    this.#frames.push({ micros, bytes });
    return this;
  }

  /** The frames in the order of the file: frame number n is at index n - 1. */
  frames(): readonly BuiltFrame[] {
    return this.#frames.toSorted((a, b) => a.micros - b.micros);
  }

  pcap(options?: FileOptions): Buffer {
    return writePcap(this.frames(), linkTypes[this.#link], options);
  }

  pcapng(options?: FileOptions): Buffer {
    return writePcapng(this.frames(), linkTypes[this.#link], options);
  }

  readonly #sendIp: SendIp = (micros, sourceIp, destinationIp, transport, payload) => {
    const packets = ipPackets(sourceIp, destinationIp, transport, payload, ++this.#ipId, this.#mtu);
    for (const packet of packets) this.frame(micros, this.#link === 'raw' ? packet : this.#ethernet(sourceIp, destinationIp, packet));
  };

  #ethernet(sourceIp: string, destinationIp: string, packet: Buffer): Buffer {
    const tags = this.#vlans.map((id, index) => {
      const tag = Buffer.alloc(4);
      tag.writeUInt16BE(index < this.#vlans.length - 1 ? 0x88a8 : 0x8100, 0);
      tag.writeUInt16BE(id, 2);
      return tag;
    });
    const etherType = Buffer.from(packet[0]! >> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00]);
    return Buffer.concat([macAddress(destinationIp), macAddress(sourceIp), ...tags, etherType, packet]);
  }
}

/** Datagrams between two endpoints; each step returns the conversation. */
export class UdpConversation {
  /** Time of the next packet, µs since 1970. */
  clock: number;
  readonly #options: UdpOptions;
  readonly #sendIp: SendIp;

  constructor(options: UdpOptions, sendIp: SendIp) {
    this.clock = options.at;
    this.#options = options;
    this.#sendIp = sendIp;
  }

  /** From client to server. */
  send(payload: Buffer): this {
    return this.#datagram(this.#options.client, this.#options.server, payload);
  }

  /** From server to client. */
  receive(payload: Buffer): this {
    return this.#datagram(this.#options.server, this.#options.client, payload);
  }

  pause(micros: number): this {
    this.clock += micros;
    return this;
  }

  #datagram(from: Endpoint, to: Endpoint, payload: Buffer): this {
    this.#sendIp(this.clock, from.ip, to.ip, UDP, udpDatagram(from, to, payload));
    this.clock += this.#options.stepMicros ?? 10_000;
    return this;
  }
}

/** A locally administered address derived from the IP address. */
function macAddress(ip: string): Buffer {
  return Buffer.concat([Buffer.from([0x02, 0x00]), parseAddress(ip).subarray(-4)]);
}
