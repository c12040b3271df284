const initialSlots = 1 << 12;

/** Distinct tuples of 32-bit values, numbered from 0 in the order in which they were first seen. */
export class Combinations {
  readonly width: number;
  #values: Uint32Array;
  #length = 0;
  /** Hash table with open addressing: a tuple's number plus one; 0 is free. At most half full. */
  #slots = new Uint32Array(initialSlots);

  constructor(width: number) {
    this.width = width;
    this.#values = new Uint32Array(width * (initialSlots / 2));
  }

  get length(): number {
    return this.#length;
  }

  get byteLength(): number {
    return this.#values.byteLength + this.#slots.byteLength;
  }

  /** Number of the tuple in `tuple[0, width)`. */
  number(tuple: Uint32Array): number {
    const mask = this.#slots.length - 1;
    let slot = this.#hash(tuple, 0) & mask;
    for (let entry; (entry = this.#slots[slot]!) !== 0; slot = (slot + 1) & mask) if (this.#equals(entry - 1, tuple)) return entry - 1;
    this.#slots[slot] = this.#length + 1;
    this.#values.set(tuple.subarray(0, this.width), this.#length * this.width);
    this.#length += 1;
    if (this.#length * 2 === this.#slots.length) this.#grow();
    return this.#length - 1;
  }

  /** Value at `place` of the tuple with this number. */
  value(number: number, place: number): number {
    return this.#values[number * this.width + place]!;
  }

  #equals(number: number, tuple: Uint32Array): boolean {
    for (let i = 0; i < this.width; i += 1) if (this.#values[number * this.width + i] !== tuple[i]) return false;
    return true;
  }

  /** FNV-1a over words, with a final mix. */
  #hash(values: Uint32Array, from: number): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < this.width; i += 1) hash = Math.imul(hash ^ values[from + i]!, 0x01000193) ^ (hash >>> 15);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #grow(): void {
    const values = new Uint32Array(this.#values.length * 2);
    values.set(this.#values);
    this.#values = values;
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let number = 0; number < this.#length; number += 1) {
      let slot = this.#hash(this.#values, number * this.width) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }
}
