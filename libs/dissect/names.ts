import type { NameResolution } from './message.ts';

export interface NameCacheOptions {
  /** Pairs of client and address that are remembered. The one learned longest ago goes first. */
  maxNames: number;
  /** A name is believed at least this long, in seconds: clients keep using an address beyond its TTL. */
  minTtl: number;
  /** And at most this long. */
  maxTtl: number;
}

export const defaultNameCacheOptions: NameCacheOptions = { maxNames: 200_000, minTtl: 600, maxTtl: 86_400 };

const noAliases: readonly string[] = Object.freeze([]);

interface Entry {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly learned: number;
  readonly expires: number;
  /** What held before: for flows that began before the name was learned. */
  readonly before: Entry | undefined;
}

/**
 * Passive DNS: by which name a client reaches an address.
 *
 * It goes per client, since an address serves many names: the one that this client asked for last is the one it means.
 */
export class NameCache {
  readonly #options: NameCacheOptions;
  /** By client and address, in the order in which they were learned last. */
  readonly #entries = new Map<string, Entry>();
  /** Names that gave way to newer ones although they still held. */
  evicted = 0;

  constructor(options: NameCacheOptions = defaultNameCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes what `client` was answered at `micros` (µs). The client is who received the response. */
  learn(client: string, { name, addresses, aliases = noAliases, ttl }: NameResolution, micros: number): void {
    const { minTtl, maxTtl, maxNames } = this.#options;
    const expires = micros + Math.min(Math.max(ttl, minTtl), maxTtl) * 1_000_000;
    for (const address of addresses) {
      const key = keyOf(client, address);
      const known = this.#entries.get(key);
      this.#entries.delete(key);
      const before = known === undefined || known.name === name ? known?.before : { ...known, before: undefined };
      this.#entries.set(key, { name, aliases, learned: known?.name === name ? Math.min(known.learned, micros) : micros, expires, before });
    }
    while (this.#entries.size > maxNames) this.#evictOldest(micros);
  }

  /** The name by which `client` reaches `address` at `micros`, '' when it is not known yet, or not any more. */
  lookup(client: string, address: string, micros: number): string {
    return this.#entry(client, address, micros)?.name ?? '';
  }

  /** Names that CNAMEs led on to from that name. */
  aliases(client: string, address: string, micros: number): readonly string[] {
    return this.#entry(client, address, micros)?.aliases ?? noAliases;
  }

  #entry(client: string, address: string, micros: number): Entry | undefined {
    const key = keyOf(client, address);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expires < micros) {
      this.#entries.delete(key);
      return undefined;
    }
    if (entry.learned <= micros) return entry;
    const { before } = entry;
    return before !== undefined && before.learned <= micros && micros <= before.expires ? before : undefined;
  }

  /** Forgets all: what follows was seen elsewhere. */
  clear(): void {
    this.#entries.clear();
  }

  #evictOldest(micros: number): void {
    const [key, entry] = this.#entries.entries().next().value!;
    this.#entries.delete(key);
    if (entry.expires >= micros) this.evicted++;
  }
}

function keyOf(client: string, address: string): string {
  return `${client} ${address}`;
}
