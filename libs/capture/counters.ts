/**
 * Reasons, as `layer/reason`, why the capture library could not use its input, or only in part.
 * A service exports them as one metric with the labels `layer` and `reason`; the set is closed, so the number of labels is bounded.
 */
export const captureReasons = {
  'pcap/truncated': 'The file ends inside a record; the cut record is not a packet.',
  'pcap/bad_record': 'A record longer than the bound; the rest of the file is not read.',
  'pcapng/truncated': 'The file ends inside a block; the cut block is not a packet.',
  'pcapng/bad_block': 'A block whose lengths contradict each other; when its end cannot be trusted the rest is not read.',
  'pcapng/unknown_interface': 'A packet of an interface that its section did not describe; it has a frame number, but is not delivered.',
  'pcapng/too_many_interfaces': 'An interface description over the bound.',
  'pcapng/bad_time': 'A time outside 1970 to 2255; delivered with the time of the packet before it, the first ones with that of the file.',
  'pcapng/no_time': 'A simple packet, which has no time; delivered likewise.',
  'link/unsupported': 'A link type that is not decoded.',
  'link/truncated': 'The capture ends inside the link header.',
  'link/not_ip': 'A link frame that carries another protocol than IP.',
  'link/arp': 'ARP.',
  'link/802.2': 'An LLC frame that carries another protocol than IP, such as spanning tree.',
  'link/osi': 'An LLC frame of OSI, such as IS-IS.',
  'link/mpls': 'MPLS that carries neither IP nor Ethernet.',
  'link/ppp': 'PPP that carries another protocol than IP, such as link control.',
  'link/ppp_login': 'PAP, CHAP or EAP outside of any IP packet: who logs in can be read on this link, and has no flow to be told with.',
  'link/802.1x': 'IEEE 802.1X: who logs in at the network can be read on this link, and has no flow to be told with.',
  'link/pppoe': 'PPPoE of another version than 1.',
  'link/pppoe_discovery': 'PPPoE discovery.',
  'link/macsec': 'MACsec: encrypted.',
  'link/802.15.4': 'IEEE 802.15.4, not decoded.',
  'link/arcnet': 'ARCNET, not decoded.',
  'link/atm': 'ATM with a header of its driver, not decoded.',
  'link/bluetooth': 'Bluetooth, not decoded.',
  'link/can': 'CAN bus, not decoded.',
  'link/erf': 'Endace ERF, not decoded.',
  'link/fddi': 'FDDI, not decoded.',
  'link/fibre_channel': 'Fibre Channel, not decoded.',
  'link/frame_relay': 'Frame Relay, not decoded.',
  'link/ipnet': 'Solaris IPNET, not decoded.',
  'link/juniper': 'A link type of Juniper, not decoded.',
  'link/netlink': 'Linux netlink, not decoded.',
  'link/slip': 'SLIP, not decoded.',
  'link/token_ring': 'Token Ring, not decoded.',
  'link/usb': 'USB, not decoded.',
  'link/vsock': 'Sockets between virtual machines, not decoded.',
  'wlan/no_data': 'An 802.11 management or control frame, or one without data.',
  'wlan/protected': 'An 802.11 frame encrypted on the air.',
  'wlan/fragment': 'An 802.11 fragment after the first.',
  'wlan/aggregated': 'An 802.11 frame of several packets (A-MSDU), of which the first is used.',
  'wlan/bad_header': 'A radiotap, Prism or AVS header that contradicts itself.',
  'tunnel/outer_stands': 'What is inside an encapsulation is not IP, or malformed; the packet around it is used.',
  'tunnel/too_deep': 'More than seven encapsulations within one another; what is further inside stays payload.',
  'gre/bad_header': 'A GRE header of an unknown version, or one that runs over the packet.',
  'gre/not_ip': 'GRE that carries another protocol than IP, Ethernet, MPLS or PPP.',
  'ipv4/truncated': 'The capture ends inside the header.',
  'ipv4/bad_version': 'Announced as IPv4, but the version differs.',
  'ipv4/bad_header_length': 'A header length below 20 bytes, or above the total length.',
  'ipv4/snapped': 'The capture cut the packet short; what is there is used.',
  'ipv6/truncated': 'The capture ends inside the header or an extension header.',
  'ipv6/bad_version': 'Announced as IPv6, but the version differs.',
  'ipv6/bad_extension': 'An extension header that runs over the packet.',
  'ipv6/snapped': 'The capture cut the packet short; what is there is used.',
  'fragment/held': 'A fragment, kept until its datagram is complete.',
  'fragment/reassembled': 'A datagram put together from fragments.',
  'fragment/bad': 'A fragment beyond 65,535 bytes, an empty one, one cut by the capture, or one over the bound per datagram.',
  'fragment/cut': 'A first fragment that the capture cut short; what is there is used.',
  'fragment/overlap': 'A fragment that repeats bytes of another: of IPv4 the first bytes stand, of IPv6 the datagram is dropped (RFC 5722).',
  'fragment/expired': 'A datagram whose missing fragments never came.',
  'fragment/evicted': 'An incomplete datagram dropped because a bound was reached.',
  'tcp/truncated': 'The segment ends inside the header.',
  'tcp/bad_header_length': 'A data offset below 20 bytes, or above the segment.',
  'tcp/retransmission': 'A segment whose bytes were all seen before.',
  'tcp/before_start': 'A segment from before the point at which a running connection was picked up.',
  'tcp/out_of_window': 'A segment further from the stream than any window allows; not used.',
  'tcp/out_of_order': 'A segment that arrived ahead of a hole.',
  'tcp/overlap': 'A segment of which a part was seen before; the first bytes stand.',
  'tcp/gap': 'Bytes of a stream that never came.',
  'tcp/acknowledged': 'A hole given up because the receiver has its bytes: the capture lost them.',
  'tcp/buffer_flow': 'A hole given up because one stream held back more than its bound.',
  'tcp/buffer_total': 'A hole given up because all streams together held back more than the bound.',
  'udp/truncated': 'The datagram ends inside the header.',
  'udp/bad_length': 'A length below 8 bytes or above the IP payload; what is there is used in the latter case.',
  'icmp/truncated': 'The message ends inside the header.',
  'icmp/error': 'An ICMP error about a packet of a flow in the table.',
  'icmp/error_unknown': 'An ICMP error about a packet of no flow in the table, or one that cannot be read.',
  'sctp/truncated': 'The packet ends inside the common header.',
  'flow/evicted': 'A flow ended early because the table was full.',
} as const;

export type CaptureReason = keyof typeof captureReasons;

/** Plain numbers, read by a service per batch. They are never reset. */
export class CaptureCounters {
  /** Packets read, and their captured bytes. */
  packets = 0;
  bytes = 0;
  /** Packets in which IP and transport were decoded. */
  decoded = 0;
  flowsStarted = 0;
  flowsEnded = 0;
  /** TCP payload bytes delivered in order, and bytes that were lost. */
  streamBytes = 0;
  gapBytes = 0;
  /** Packets lost by the capture, according to the capture itself: dropped by the interface, or because the capturing program was too slow. */
  interfaceDrops = 0;
  kernelDrops = 0;
  /** Bytes held at present: out-of-order TCP segments, fragments. */
  heldBytes = 0;

  readonly #reasons = new Map<CaptureReason, number>();

  count(reason: CaptureReason, amount = 1): void {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + amount);
  }

  get(reason: CaptureReason): number {
    return this.#reasons.get(reason) ?? 0;
  }

  /** The counts so far. */
  *reasons(): Generator<{ layer: string; reason: string; count: number }> {
    for (const [key, count] of this.#reasons) {
      const slash = key.indexOf('/');
      yield { layer: key.slice(0, slash), reason: key.slice(slash + 1), count };
    }
  }
}
