import { parseAddress } from '#geo';

/** Finds the address blocks that hold an address, in at most as many steps as the address has bits. */
export class CidrTrie {
  /** Two entries per node, the child for bit 0 and the child for bit 1; 0 is none. Node 0 is the root for IPv4, node 1 that for IPv6. */
  readonly #next: number[] = [0, 0, 0, 0];
  readonly #rules: number[][] = [[], []];
  readonly #words = new Uint32Array(4);

  /** `network` is an address. */
  add(network: string, length: number, rule: number): void {
    let node = parseAddress(network, this.#words) === 4 ? 0 : 1;
    for (let i = 0; i < length; i += 1) {
      const edge = node * 2 + this.#bit(i);
      if (this.#next[edge] === 0) {
        this.#next[edge] = this.#rules.push([]) - 1;
        this.#next.push(0, 0);
      }
      node = this.#next[edge]!;
    }
    this.#rules[node]!.push(rule);
  }

  /** Calls `found` with the rules of each block that holds `address`; a text that is no address is in none. */
  search(address: string, found: (rules: readonly number[]) => void): void {
    const family = parseAddress(address, this.#words);
    if (family === 0) return;
    let node = family === 4 ? 0 : 1;
    for (let i = 0; ; i += 1) {
      if (this.#rules[node]!.length > 0) found(this.#rules[node]!);
      if (i === (family === 4 ? 32 : 128)) return;
      node = this.#next[node * 2 + this.#bit(i)]!;
      if (node === 0) return;
    }
  }

  #bit(i: number): 0 | 1 {
    return ((this.#words[i >>> 5]! >>> (31 - (i & 31))) & 1) as 0 | 1;
  }
}
