/**
 * What the capture library could not use, or only in part, by `layer/reason`.
 * A service exports them as one metric with the labels `layer` and `reason`; the set is closed, so labels stay bounded.
 */
export const captureReasons = {
  'pcap/truncated': 'The file ends inside a record; the cut record is not a packet.',
  'pcap/bad_record': 'A record longer than the bound; the rest of the file is not read.',
  'pcapng/truncated': 'The file ends inside a block; the cut block is not a packet.',
  'pcapng/bad_block': 'A block whose lengths contradict each other; when its end cannot be trusted the rest is not read.',
  'pcapng/unknown_interface': 'A packet of an interface that its section did not describe; it has a frame number, but is not delivered.',
  'pcapng/too_many_interfaces': 'An interface description over the bound.',
  'pcapng/bad_time': 'A time outside 1970 to 2255; delivered with the time of the packet before it.',
  'link/unsupported': 'A link type that is not decoded.',
  'link/truncated': 'The capture ends inside the link header.',
  'link/not_ip': 'A link frame that carries another protocol than IP.',
  'link/arp': 'ARP.',
  'link/802.3': 'An IEEE 802.3 frame with a length in place of an EtherType: no IP.',
  'link/mpls': 'MPLS, not looked into.',
  'link/pppoe': 'PPPoE, not looked into.',
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
  'sctp/truncated': 'The packet ends inside the common header.',
  'flow/evicted': 'A flow ended early because the table was full.',
} as const;

export type CaptureReason = keyof typeof captureReasons;

/** Plain numbers that a service reads per batch. Nothing here is reset. */
export class CaptureCounters {
  /** Packets read, and their captured bytes. */
  packets = 0;
  bytes = 0;
  /** Packets in which IP and transport were decoded. */
  decoded = 0;
  flowsStarted = 0;
  flowsEnded = 0;
  /** TCP payload bytes delivered in order; bytes that never came. */
  streamBytes = 0;
  gapBytes = 0;
  /** Bytes held back now: TCP segments ahead of a hole, fragments. */
  heldBytes = 0;

  readonly #reasons = new Map<CaptureReason, number>();

  count(reason: CaptureReason): void {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  get(reason: CaptureReason): number {
    return this.#reasons.get(reason) ?? 0;
  }

  /** What was counted so far. */
  *reasons(): Generator<{ layer: string; reason: string; count: number }> {
    for (const [key, count] of this.#reasons) {
      const slash = key.indexOf('/');
      yield { layer: key.slice(0, slash), reason: key.slice(slash + 1), count };
    }
  }
}
