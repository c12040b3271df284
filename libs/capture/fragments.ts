import type { CaptureCounters } from './counters.ts';
import { decodeIpPayload } from './ip.ts';
import type { PacketView } from './view.ts';

const MAX_DATAGRAM = 65_535;
/** Enough for 128 bytes each; hosts send at least 512. It bounds the work per fragment. */
const MAX_FRAGMENTS = 512;
/** Counted per fragment beside its bytes. */
const FRAGMENT_COST = 128;
/** RFC 791 recommends 15 s as lower bound, RFC 8200 asks for 60 s. */
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
  cost: number;
  /** Sum of the fragments' IP lengths. */
  ipLength: number;
  /** Length of the whole payload; -1 until the last fragment came. */
  length: number;
  /** Protocol of the payload, as the first fragment says. */
  transport: number;
}

/**
 * Puts fragmented datagrams together. Of bytes that arrive twice the first stand.
 * Bounded in bytes: the oldest incomplete datagram makes room.
 */
export class FragmentTable {
  readonly #maxBytes: number;
  readonly #counters: CaptureCounters;
  /** In order of the first fragment. */
  readonly #datagrams = new Map<string, Datagram>();
  #cost = 0;

  constructor(maxBytes: number, counters: CaptureCounters) {
    this.#maxBytes = maxBytes;
    this.#counters = counters;
  }

  /** True: the datagram is whole, and `view` holds it as if it had come in this packet. */
  add(view: PacketView): boolean {
    this.#expire(view.micros);
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
    if (view.fragmentOffset === 0) datagram.transport = view.transport;
    datagram.fragments.push({ offset: view.fragmentOffset, bytes: Buffer.from(view.data.subarray(view.payloadStart, view.payloadEnd)) });
    datagram.ipLength += view.ipLength;
    if (!view.moreFragments && datagram.length < 0) datagram.length = view.fragmentOffset + length;
    this.#charge(datagram, length);
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
      datagram = { key, firstMicros: view.micros, fragments: [], cost: 0, ipLength: 0, length: -1, transport: view.transport };
      this.#datagrams.set(key, datagram);
    }
    return datagram;
  }

  /** The addresses and the payload in one buffer, decoded from there. */
  #replace(view: PacketView, datagram: Datagram): boolean {
    const { data, addressLength } = view;
    const header = 2 * addressLength;
    const whole = Buffer.alloc(header + datagram.length);
    data.copy(whole, 0, view.sourceAddress, view.sourceAddress + addressLength);
    data.copy(whole, addressLength, view.destinationAddress, view.destinationAddress + addressLength);
    // Last come first, so that the first bytes stand.
    for (const { offset, bytes } of datagram.fragments.reverse()) bytes.copy(whole, header + offset);
    view.data = whole;
    view.start = 0;
    view.capturedLength = whole.length;
    view.sourceAddress = 0;
    view.destinationAddress = addressLength;
    view.transport = datagram.transport;
    view.payloadStart = header;
    view.payloadEnd = whole.length;
    view.ipLength = datagram.ipLength;
    view.packets = datagram.fragments.length;
    view.isFragment = false;
    return decodeIpPayload(view, this.#counters) && !view.isFragment;
  }

  #expire(now: number): void {
    for (const datagram of this.#datagrams.values()) {
      if (now - datagram.firstMicros <= EXPIRY_MICROS) return;
      this.#remove(datagram);
      this.#counters.count('fragment/expired');
    }
  }

  #charge(datagram: Datagram, length: number): void {
    datagram.cost += length + FRAGMENT_COST;
    this.#cost += length + FRAGMENT_COST;
    this.#counters.heldBytes += length;
  }

  #remove(datagram: Datagram): void {
    this.#datagrams.delete(datagram.key);
    this.#cost -= datagram.cost;
    this.#counters.heldBytes -= datagram.cost - FRAGMENT_COST * datagram.fragments.length;
  }
}

/** The last fragment came, and no hole is left before its end. */
function isWhole({ fragments, length }: Datagram): boolean {
  if (length < 0) return false;
  let reached = 0;
  for (const { offset, bytes } of fragments.toSorted((a, b) => a.offset - b.offset)) {
    if (offset > reached) return false;
    reached = Math.max(reached, offset + bytes.length);
  }
  return reached >= length;
}
