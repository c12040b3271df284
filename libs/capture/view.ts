import { formatAddress } from './address.ts';

const nothing = Buffer.alloc(0);

/** The view's description of the packet around the one that is being decoded. */
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
 * One packet, as read by the reader and decoded by `decodePacket`.
 *
 * There is one view per reader: each packet overwrites the previous one. All offsets are relative to the start of `data`, which holds more than this
 * packet and is unchanged only until the next packet is read; copy any bytes that are to be kept.
 */
export class PacketView {
  /** Number of the packet in its capture, from 1, as in Wireshark. */
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
  /** Length of IP header and payload in bytes, as stated in the header (summed over fragments). */
  ipLength = 0;
  /** Packets that carried it: 1, or the number of fragments. */
  packets = 1;
  /** Offset of the address bytes: 4 for IPv4, 16 for IPv6. */
  sourceAddress = 0;
  destinationAddress = 0;
  /** IP protocol number, after all extension headers. */
  transport = 0;
  /** 0 if the transport has no ports. */
  sourcePort = 0;
  destinationPort = 0;
  /**
   * During decoding, the start of the next layer. Afterwards the transport payload is `data[payloadStart]` to `data[payloadEnd - 1]`; for a fragment,
   * its part of the IP payload.
   */
  payloadStart = 0;
  payloadEnd = 0;
  /** Payload bytes after `payloadEnd` that the capture truncated. */
  payloadMissing = 0;

  /** A part of a datagram: ports and flags are unknown until the datagram is reassembled. */
  isFragment = false;
  fragmentId = 0;
  fragmentOffset = 0;
  moreFragments = false;

  tcpFlags = 0;
  tcpSequence = 0;
  tcpAcknowledgement = 0;

  icmpType = 0;
  icmpCode = 0;

  /** Encapsulations that were removed, see `tunnelProtocol`; 0 for none. */
  tunnel = 0;
  /** Addresses of the outermost packet; the length is 0 if no IP packet encloses this one. */
  outerSourceAddress = 0;
  outerDestinationAddress = 0;
  outerAddressLength: 0 | 4 | 16 = 0;
  /** The packet that encloses this one. */
  readonly enclosing = new EnclosingPacket();

  get addressLength(): 4 | 16 {
    return this.ipVersion === 6 ? 16 : 4;
  }

  /** Creates a string: use it per flow, not per packet. */
  get sourceIp(): string {
    return formatAddress(this.data, this.sourceAddress, this.addressLength);
  }

  get destinationIp(): string {
    return formatAddress(this.data, this.destinationAddress, this.addressLength);
  }

  /** Source of the outermost packet; empty if no IP packet encloses this one. */
  get outerSourceIp(): string {
    return this.outerAddressLength === 0 ? '' : formatAddress(this.data, this.outerSourceAddress, this.outerAddressLength);
  }

  get outerDestinationIp(): string {
    return this.outerAddressLength === 0 ? '' : formatAddress(this.data, this.outerDestinationAddress, this.outerAddressLength);
  }
}
