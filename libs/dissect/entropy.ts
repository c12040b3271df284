/** Number of bytes from which the estimate is reliable: that of random bytes is then above 7.8 bits. */
const leastBytes = 1600;

/** Shannon entropy of the bytes seen so far, estimated from their frequencies. */
export class Entropy {
  readonly #counts = new Uint32Array(256);
  #total = 0;

  add(bytes: Buffer): void {
    for (let i = 0; i < bytes.length; i++) this.#counts[bytes[i]!]!++;
    this.#total += bytes.length;
  }

  /** Bits per byte; 0 while there are too few bytes for an estimate. */
  bits(): number {
    if (this.#total < leastBytes) return 0;
    let sum = 0;
    for (const count of this.#counts) if (count > 0) sum -= (count / this.#total) * Math.log2(count / this.#total);
    return sum;
  }
}
