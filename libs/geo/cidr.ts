import { parseAddress, type AddressFamily, type AddressWords } from './address.ts';

/** A block of addresses that share their first `length` bits. */
export class Cidr {
  readonly family: AddressFamily;
  readonly length: number;
  readonly #words: AddressWords;
  readonly #masks: AddressWords;

  private constructor(family: AddressFamily, words: AddressWords, length: number) {
    this.family = family;
    this.length = length;
    this.#masks = new Uint32Array(4);
    for (let i = 0; i < 4; i += 1) {
      const bits = Math.min(32, Math.max(0, length - 32 * i));
      this.#masks[i] = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
    }
    this.#words = words.map((word, i) => (word & this.#masks[i]!) >>> 0);
  }

  /** Reads `10.0.0.0/8`, `2001:db8::/32` or a single address; undefined when `text` is none of these. Bits after the prefix length are ignored. */
  static parse(text: string): Cidr | undefined {
    const slash = text.indexOf('/');
    const words = new Uint32Array(4);
    const family = parseAddress(slash < 0 ? text : text.slice(0, slash), words);
    if (family === 0) return undefined;
    const most = family === 4 ? 32 : 128;
    if (slash < 0) return new Cidr(family, words, most);
    const digits = text.slice(slash + 1);
    return /^\d{1,3}$/.test(digits) && Number(digits) <= most ? new Cidr(family, words, Number(digits)) : undefined;
  }

  /** First address of the block, as a number. */
  get first(): bigint {
    return this.#number((word) => word);
  }

  /** Last address of the block, as a number. */
  get last(): bigint {
    return this.#number((word, i) => (word | ~this.#masks[i]!) >>> 0);
  }

  contains(family: AddressFamily | 0, words: AddressWords): boolean {
    if (family !== this.family) return false;
    const used = family === 4 ? 1 : 4;
    for (let i = 0; i < used; i += 1) if ((words[i]! & this.#masks[i]!) >>> 0 !== this.#words[i]) return false;
    return true;
  }

  #number(wordAt: (word: number, i: number) => number): bigint {
    let number = 0n;
    for (let i = 0; i < (this.family === 4 ? 1 : 4); i += 1) number = (number << 32n) | BigInt(wordAt(this.#words[i]!, i));
    return number;
  }
}

/** A set of address blocks. */
export class CidrSet {
  readonly #blocks: readonly Cidr[];
  readonly #words: AddressWords = new Uint32Array(4);

  constructor(blocks: readonly Cidr[]) {
    this.#blocks = blocks;
  }

  /** Whether any block holds the address `text`; false when `text` is no address. */
  has(text: string): boolean {
    const family = parseAddress(text, this.#words);
    if (family === 0) return false;
    for (const block of this.#blocks) if (block.contains(family, this.#words)) return true;
    return false;
  }
}
