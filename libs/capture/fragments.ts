import type { CaptureCounters } from './counters.ts';
import { decodeDatagram } from './decode.ts';
import { keptCopy, keptCopyCost } from './kept-copy.ts';
import type { PacketView } from './view.ts';

const MAX_DATAGRAM = 65_535;
/** Enough for a full datagram in fragments of 128 bytes; hosts send at least 512. It bounds the work per fragment. */
const MAX_FRAGMENTS = 512;
/** Memory of a fragment in addition to its bytes, and of a datagram in addition to its fragments, so that the bound holds for the smallest ones. */
const FRAGMENT_COST = keptCopyCost + 32;
const DATAGRAM_COST = 512;
/** RFC 791 recommends 15 s as a lower bound, RFC 8200 requires 60 s. */
const EXPIRY_MICROS = 60e6;

interface Fragment {
  readonly offset: number;
  readonly bytes: Buffer;
}

interface Datagram {
  readonly key: string;
  readonly firstMicros: number;
  /** In order of arrival. */
  readonly fragments: Fragment[];
  /** Its IPv6 fragments overlap: all of them, past and future, are dropped. */
  isForbidden: boolean;
  /** Bytes held, and the memory that they take. */
  bytes: number;
  cost: number;
  /** Packets that carried it, including duplicates, and the sum of their IP lengths. */
  packets: number;
  ipLength: number;
  /** Length of the whole payload; -1 until the last fragment has arrived. */
  length: number;
  /** Protocol of the payload, according to the first fragment. */
  transport: number;
}

/**
 * Reassembles fragmented datagrams. If bytes overlap, the first ones win in IPv4; in IPv6 receivers drop the whole datagram (RFC 5722), and so do
 * we, except for exact duplicates of fragments (RFC 8200, section 4.5).
 * Bounded in bytes: the oldest incomplete datagram is evicted.
 */
export class FragmentTable {
  readonly #maxBytes: number;
  readonly #counters: CaptureCounters;
  /** In order of their first fragment. */
  readonly #datagrams = new Map<string, Datagram>();
  #cost = 0;

  constructor(maxBytes: number, counters: CaptureCounters) {
    this.#maxBytes = maxBytes;
    this.#counters = counters;
  }

  /**
   * True: the datagram is complete, or never will be, and `view` holds it as if it had come in this packet; if it was encapsulated, it may itself be
   * a fragment.
   */
  add(view: PacketView): boolean {
    this.#expire(view.micros);
    if (view.fragmentOffset === 0 && view.payloadMissing > 0) {
      // A datagram that the capture truncated will never be complete: its first fragment has the endpoints, and its beginning.
      this.#counters.count('fragment/cut');
      return decodeDatagram(view, this.#counters);
    }
    const length = view.payloadEnd - view.payloadStart;
    if (length === 0 || view.payloadMissing > 0 || view.fragmentOffset + length > MAX_DATAGRAM) {
      this.#counters.count('fragment/bad');
      return false;
    }
    const datagram = this.#datagramOf(view);
    if (datagram.fragments.length >= MAX_FRAGMENTS) {
      this.#counters.count('fragment/bad');
      return false;
    }
    if (datagram.isForbidden) return false;
    datagram.ipLength += view.ipLength;
    datagram.packets++;
    if (this.#overlaps(view, datagram, length)) return false;
    if (view.fragmentOffset === 0) datagram.transport = view.transport;
    datagram.fragments.push({ offset: view.fragmentOffset, bytes: keptCopy(view.data.subarray(view.payloadStart, view.payloadEnd)) });
    if (!view.moreFragments && datagram.length < 0) datagram.length = view.fragmentOffset + length;
    this.#charge(datagram, length, length + FRAGMENT_COST);
    this.#counters.count('fragment/held');
    if (isWhole(datagram)) {
      this.#remove(datagram);
      this.#counters.count('fragment/reassembled');
      return this.#replace(view, datagram);
    }
    while (this.#cost > this.#maxBytes) {
      this.#remove(this.#datagrams.values().next().value!);
      this.#counters.count('fragment/evicted');
    }
    return false;
  }

  /** Counts an overlap. True: the fragment adds nothing, or must not be used. */
  #overlaps(view: PacketView, datagram: Datagram, length: number): boolean {
    const { fragmentOffset: start, data, payloadStart } = view;
    const other = datagram.fragments.find(({ offset, bytes }) => offset < start + length && offset + bytes.length > start);
    if (other === undefined) return false;
    this.#counters.count('fragment/overlap');
    if (other.offset === start && other.bytes.length === length && data.compare(other.bytes, 0, length, payloadStart, payloadStart + length) === 0)
      return true;
    if (view.ipVersion === 4) return false;
    this.#release(datagram);
    datagram.fragments.length = 0;
    datagram.isForbidden = true;
    this.#charge(datagram, 0, DATAGRAM_COST);
    return true;
  }

  finish(): void {
    this.#expire(Infinity);
  }

  #datagramOf(view: PacketView): Datagram {
    const { data, addressLength } = view;
    const addresses = data.toString('latin1', view.sourceAddress, view.sourceAddress + addressLength)
      + data.toString('latin1', view.destinationAddress, view.destinationAddress + addressLength);
    // RFC 8200, section 4.5: the next header may differ between fragments and is not part of the identity.
    const key = `${addresses}${view.fragmentId}/${view.ipVersion === 4 ? view.transport : ''}`;
    let datagram = this.#datagrams.get(key);
    if (!datagram) {
      const { micros: firstMicros, transport } = view;
      datagram = { key, firstMicros, fragments: [], isForbidden: false, bytes: 0, cost: 0, packets: 0, ipLength: 0, length: -1, transport };
      this.#datagrams.set(key, datagram);
      this.#charge(datagram, 0, DATAGRAM_COST);
    }
    return datagram;
  }

  /** Copies addresses, including those of the outermost packet, and payload into one buffer, from which the datagram is then decoded. */
  #replace(view: PacketView, datagram: Datagram): boolean {
    const { data, addressLength, outerAddressLength } = view;
    const outer = 2 * addressLength;
    const header = outer + 2 * outerAddressLength;
    const whole = Buffer.alloc(header + datagram.length);
    data.copy(whole, 0, view.sourceAddress, view.sourceAddress + addressLength);
    data.copy(whole, addressLength, view.destinationAddress, view.destinationAddress + addressLength);
    if (outerAddressLength > 0) {
      data.copy(whole, outer, view.outerSourceAddress, view.outerSourceAddress + outerAddressLength);
      data.copy(whole, outer + outerAddressLength, view.outerDestinationAddress, view.outerDestinationAddress + outerAddressLength);
    }
    // Latest first, so that the earliest bytes win.
    for (const { offset, bytes } of datagram.fragments.reverse()) bytes.copy(whole, header + offset);
    view.data = whole;
    view.start = 0;
    view.capturedLength = whole.length;
    view.sourceAddress = 0;
    view.destinationAddress = addressLength;
    view.outerSourceAddress = outer;
    view.outerDestinationAddress = outer + outerAddressLength;
    view.transport = datagram.transport;
    view.payloadStart = header;
    view.payloadEnd = whole.length;
    view.ipLength = datagram.ipLength;
    view.packets = datagram.packets;
    return decodeDatagram(view, this.#counters);
  }

  #expire(now: number): void {
    for (const datagram of this.#datagrams.values()) {
      if (now - datagram.firstMicros <= EXPIRY_MICROS) return;
      this.#remove(datagram);
      this.#counters.count('fragment/expired');
    }
  }

  #charge(datagram: Datagram, length: number, cost: number): void {
    datagram.bytes += length;
    datagram.cost += cost;
    this.#cost += cost;
    this.#counters.heldBytes += length;
  }

  #remove(datagram: Datagram): void {
    this.#datagrams.delete(datagram.key);
    this.#release(datagram);
  }

  #release(datagram: Datagram): void {
    this.#cost -= datagram.cost;
    this.#counters.heldBytes -= datagram.bytes;
    datagram.bytes = 0;
    datagram.cost = 0;
  }
}

/** The last fragment has arrived, and there is no hole before it. */
function isWhole({ fragments, length }: Datagram): boolean {
  if (length < 0) return false;
  let reached = 0;
  for (const { offset, bytes } of fragments.toSorted((a, b) => a.offset - b.offset)) {
    if (offset > reached) return false;
    reached = Math.max(reached, offset + bytes.length);
  }
  return reached >= length;
}
