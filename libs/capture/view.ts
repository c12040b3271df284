import { formatAddress } from './address.ts';

const nothing = Buffer.alloc(0);

/** What the view said of the packet around the one that is being decoded. */
class EnclosingPacket {
  /** 0: there is none. */
  ipVersion: 0 | 4 | 6 = 0;
  sourceAddress = 0;
  #ipLength = 0;
  #destinationAddress = 0;
  #transport = 0;
  #sourcePort = 0;
  #destinationPort = 0;
  #payloadStart = 0;
  #payloadEnd = 0;
  #payloadMissing = 0;
  #tunnel = 0;

  keep(view: PacketView): void {
    this.ipVersion = view.ipVersion;
    this.sourceAddress = view.sourceAddress;
    this.#ipLength = view.ipLength;
    this.#destinationAddress = view.destinationAddress;
    this.#transport = view.transport;
    this.#sourcePort = view.sourcePort;
    this.#destinationPort = view.destinationPort;
    this.#payloadStart = view.payloadStart;
    this.#payloadEnd = view.payloadEnd;
    this.#payloadMissing = view.payloadMissing;
    this.#tunnel = view.tunnel;
  }

  restore(view: PacketView): void {
    view.ipVersion = this.ipVersion;
    view.sourceAddress = this.sourceAddress;
    view.ipLength = this.#ipLength;
    view.destinationAddress = this.#destinationAddress;
    view.transport = this.#transport;
    view.sourcePort = this.#sourcePort;
    view.destinationPort = this.#destinationPort;
    view.payloadStart = this.#payloadStart;
    view.payloadEnd = this.#payloadEnd;
    view.payloadMissing = this.#payloadMissing;
    view.tunnel = this.#tunnel;
    view.isFragment = false;
  }
}

/**
 * One packet, as the reader found it and `decodePacket` understood it.
 *
 * There is one view per reader: each packet overwrites the one before it. All offsets count from the start of `data`, which
 * holds more than this packet and stays unchanged only until the next packet is read; who keeps bytes copies them.
 */
export class PacketView {
  /** Number of the packet in its capture, from 1, as Wireshark counts. */
  frame = 0;
  /** Time of the packet, µs since 1970. */
  micros = 0;
  data: Buffer = nothing;
  /** The packet is `data[start]` to `data[start + capturedLength - 1]`. */
  start = 0;
  capturedLength = 0;
  /** Length on the wire. */
  wireLength = 0;
  /** https://www.tcpdump.org/linktypes.html */
  linkType = 0;

  /** 0 until decoded. */
  ipVersion: 0 | 4 | 6 = 0;
  /** Bytes of IP header and payload, as the header states them (summed over fragments). */
  ipLength = 0;
  /** Packets that carried it: 1, or the number of fragments. */
  packets = 1;
  /** Offset of the address bytes: 4 of IPv4, 16 of IPv6. */
  sourceAddress = 0;
  destinationAddress = 0;
  /** IP protocol number, after all extension headers. */
  transport = 0;
  /** 0 where the transport has none. */
  sourcePort = 0;
  destinationPort = 0;
  /**
   * While decoding: what the next layer decodes. Then the transport payload: `data[payloadStart]` to `data[payloadEnd - 1]`. Of a fragment: its part
   * of the IP payload.
   */
  payloadStart = 0;
  payloadEnd = 0;
  /** Payload bytes behind `payloadEnd` that the capture cut off. */
  payloadMissing = 0;

  /** A part of a datagram: ports and flags are unknown until the datagram is whole. */
  isFragment = false;
  fragmentId = 0;
  fragmentOffset = 0;
  moreFragments = false;

  tcpFlags = 0;
  tcpSequence = 0;
  tcpAcknowledgement = 0;

  icmpType = 0;
  icmpCode = 0;

  /** Encapsulations that were taken off, see `tunnelProtocol`; 0 is none. */
  tunnel = 0;
  /** Addresses of the outermost packet; the length is 0 when no IP packet is around this one. */
  outerSourceAddress = 0;
  outerDestinationAddress = 0;
  outerAddressLength: 0 | 4 | 16 = 0;
  /** The packet around this one. */
  readonly enclosing = new EnclosingPacket();

  get addressLength(): 4 | 16 {
    return this.ipVersion === 6 ? 16 : 4;
  }

  /** Makes a string: for a new flow, not for each packet. */
  get sourceIp(): string {
    return formatAddress(this.data, this.sourceAddress, this.addressLength);
  }

  get destinationIp(): string {
    return formatAddress(this.data, this.destinationAddress, this.addressLength);
  }

  /** Source of the outermost packet; empty when no IP packet is around this one. */
  get outerSourceIp(): string {
    return this.outerAddressLength === 0 ? '' : formatAddress(this.data, this.outerSourceAddress, this.outerAddressLength);
  }

  get outerDestinationIp(): string {
    return this.outerAddressLength === 0 ? '' : formatAddress(this.data, this.outerDestinationAddress, this.outerAddressLength);
  }
}
