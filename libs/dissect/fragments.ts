import { keptCopy, keptCopyCost } from '#capture';

interface Fragment {
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * Reassembles the start of a handshake from parts that may be out of order, overlapping or duplicated: CRYPTO frames of QUIC, fragments of
 * DTLS. Bounded: parts that extend past `maxBytes`, or beyond the number of `maxParts`, are refused.
 */
export class Fragments {
  readonly #maxBytes: number;
  readonly #maxParts: number;
  #parts: Fragment[] = [];
  #heldBytes = 0;

  constructor(maxBytes: number, maxParts = 64) {
    this.#maxBytes = maxBytes;
    this.#maxParts = maxParts;
  }

  /** Bytes of memory. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Keeps a copy of the part. Returns false if it is refused. */
  add(offset: number, bytes: Buffer): boolean {
    if (offset + bytes.length > this.#maxBytes || this.#parts.length >= this.#maxParts) return false;
    this.#parts.push({ offset, bytes: keptCopy(bytes) });
    this.#heldBytes += bytes.length + keptCopyCost;
    return true;
  }

  /** Drops all parts. */
  clear(): void {
    this.#parts = [];
    this.#heldBytes = 0;
  }

  /** The bytes from offset 0 up to the first gap. */
  start(): Buffer {
    if (this.#parts.length === 1 && this.#parts[0]!.offset === 0) return this.#parts[0]!.bytes;
    const sorted = this.#parts.toSorted((left, right) => left.offset - right.offset);
    const pieces: Buffer[] = [];
    let end = 0;
    for (const { offset, bytes } of sorted) {
      if (offset > end) break;
      if (offset + bytes.length <= end) continue;
      pieces.push(bytes.subarray(end - offset));
      end = offset + bytes.length;
    }
    return Buffer.concat(pieces);
  }
}
