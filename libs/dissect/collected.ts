import { giveBack } from '#capture';

/**
 * Bytes that arrive in pieces and are read as a whole, in one buffer that doubles: a copy of each piece would cost a sender a byte, and the
 * probe two hundred.
 */
export class CollectedBytes {
  #buffer: Buffer = nothing;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory. */
  get heldBytes(): number {
    return this.#buffer.length;
  }

  append(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.clear();
      this.#buffer = larger;
    }
    piece.copy(this.#buffer, length - piece.length);
    this.#length = length;
  }

  /** A view of all bytes, valid until the next change. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  clear(): void {
    if (this.#buffer !== nothing) giveBack(this.#buffer);
    this.#buffer = nothing;
    this.#length = 0;
  }
}

/** Never written to. */
const nothing = Buffer.alloc(0);
