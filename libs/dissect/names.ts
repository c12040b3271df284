import type { NameResolution } from './message.ts';

export interface NameCacheOptions {
  /** Maximum number of (client, address) pairs. The least recently learned is evicted first. */
  maxNames: number;
  /** A name is considered valid for at least this long, in seconds: clients keep using an address beyond its TTL. */
  minTtl: number;
  /** And at most this long. */
  maxTtl: number;
}

export const defaultNameCacheOptions: NameCacheOptions = { maxNames: 200_000, minTtl: 600, maxTtl: 86_400 };

const noAliases: readonly string[] = Object.freeze([]);

export interface KnownName {
  readonly name: string;
  /** The names that its CNAMEs point to. */
  readonly aliases: readonly string[];
}

interface Entry extends KnownName {
  readonly client: string;
  readonly address: string;
  /** µs. */
  readonly learned: number;
  readonly expires: number;
  /** The previous entry: for flows that began before this name was learned. */
  readonly before: Entry | undefined;
}

/**
 * Passive DNS: the name by which a client reaches an address.
 *
 * Names are kept per client, since an address serves many names: the one that this client resolved last is assumed to be in use.
 */
export class NameCache {
  readonly #options: NameCacheOptions;
  /** By client, then by address: a lookup needs no combined key, and most clients never resolved anything. */
  readonly #clients = new Map<string, Map<string, Entry>>();
  /** Least recently learned first. */
  readonly #entries = new Set<Entry>();
  /** Names that were evicted while still valid. */
  evicted = 0;

  constructor(options: NameCacheOptions = defaultNameCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Learns from a response to `client` at `micros` (µs). The client is whoever received the response. */
  learn(client: string, { name, addresses, aliases = noAliases, ttl }: NameResolution, micros: number): void {
    const { minTtl, maxTtl, maxNames } = this.#options;
    const expires = micros + Math.min(Math.max(ttl, minTtl), maxTtl) * 1_000_000;
    let entries = this.#clients.get(client);
    if (entries === undefined) this.#clients.set(client, (entries = new Map()));
    for (const address of addresses) {
      const known = entries.get(address);
      if (known !== undefined) this.#entries.delete(known);
      const before = known === undefined || known.name === name ? known?.before : { ...known, before: undefined };
      const learned = known?.name === name ? Math.min(known.learned, micros) : micros;
      const entry: Entry = { client, address, name, aliases, learned, expires, before };
      entries.set(address, entry);
      this.#entries.add(entry);
    }
    while (this.#entries.size > maxNames) this.#evictOldest(micros);
  }

  /** The name by which `client` reaches `address` at `micros`; undefined if not yet known, or expired. */
  lookup(client: string, address: string, micros: number): KnownName | undefined {
    const entry = this.#clients.get(client)?.get(address);
    if (entry === undefined) return undefined;
    if (entry.expires < micros) {
      this.#forget(entry);
      return undefined;
    }
    if (entry.learned <= micros) return entry;
    const { before } = entry;
    return before !== undefined && before.learned <= micros && micros <= before.expires ? before : undefined;
  }

  /** Forgets everything: what follows was captured elsewhere. */
  clear(): void {
    this.#entries.clear();
    this.#clients.clear();
  }

  #evictOldest(micros: number): void {
    const entry = this.#entries.values().next().value!;
    this.#forget(entry);
    if (entry.expires >= micros) this.evicted++;
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry);
    const entries = this.#clients.get(entry.client)!;
    entries.delete(entry.address);
    if (entries.size === 0) this.#clients.delete(entry.client);
  }
}
