import { icmpCounterpart, isOneWayIcmp } from './icmp.ts';
import { ICMP, ICMPV6 } from './protocols.ts';
import type { PacketView } from './view.ts';

/** Words of a key: protocol, ports, and the two addresses of 1 or 4 words each. */
export const KEY_WORDS = 10;

/**
 * The 5-tuple of a packet as 32-bit words, the lower endpoint first, so that both directions have the same key.
 * ICMP requests and responses are keyed by the pair of types, other ICMP messages by type, code and direction.
 */
export class FlowKey {
  readonly words = new Int32Array(KEY_WORDS);
  /** Words in use. */
  length = 4;
  /** 32 bits, signed. */
  hash = 0;
  /** Whether the sender of the packet is the lower endpoint. */
  senderIsLow = true;
  /** Mixed into the hash, so that nobody can provoke collisions. */
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  read(view: PacketView): void {
    const { words } = this;
    const { data, transport, sourceAddress, destinationAddress } = view;
    let sourcePort = view.sourcePort;
    let destinationPort = view.destinationPort;
    let oneWay = false;
    if (transport === ICMP || transport === ICMPV6) {
      oneWay = isOneWayIcmp(transport, view.icmpType);
      sourcePort = view.icmpType;
      destinationPort = oneWay ? view.icmpCode : icmpCounterpart(transport, sourcePort);
    }
    const addressLength = view.ipVersion === 6 ? 16 : 4;
    const order = compareBytes(data, sourceAddress, destinationAddress, addressLength) || sourcePort - destinationPort;
    const senderIsLow = oneWay || order <= 0;

    this.senderIsLow = senderIsLow;
    words[0] = transport | (addressLength << 8) | (oneWay ? 0x10000 : 0);
    words[1] = senderIsLow ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort;
    const low = senderIsLow ? sourceAddress : destinationAddress;
    const high = senderIsLow ? destinationAddress : sourceAddress;
    let at = 2;
    for (let offset = 0; offset < addressLength; offset += 4) words[at++] = readWord(data, low + offset);
    for (let offset = 0; offset < addressLength; offset += 4) words[at++] = readWord(data, high + offset);
    this.length = at;
    this.hash = this.#digest();
  }

  /** MurmurHash3's mixing, 32 bits. */
  #digest(): number {
    const { words, length } = this;
    let hash = this.#seed;
    for (let at = 0; at < length; at++) {
      let word = Math.imul(words[at]!, 0xcc9e2d51);
      word = (word << 15) | (word >>> 17);
      hash ^= Math.imul(word, 0x1b873593);
      hash = (hash << 13) | (hash >>> 19);
      hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
    }
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }
}

function compareBytes(data: Buffer, a: number, b: number, length: number): number {
  for (let at = 0; at < length; at++) {
    const difference = data[a + at]! - data[b + at]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function readWord(data: Buffer, at: number): number {
  return (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!;
}
