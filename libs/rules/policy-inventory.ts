import { BoundedCache, Cidr, CidrSet, readYaml } from '#geo';
import { z } from 'zod';

/** Hardware addresses are identifiers: files hold their tokens, as `telltale policy token` makes them with the probe's key. */
export const macTokens = z
  .array(z.string().regex(/^tk1\.[0-9a-f]{8}\.[\w-]{22}$/, 'expected the token of a hardware address (telltale policy token), not the address'))
  .min(1);

interface Entry {
  readonly blocks: CidrSet | undefined;
  readonly macs: ReadonlySet<string> | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

const schema = z.strictObject({
  version: z.string(),
  subjects: z.array(z.strictObject({
    cidr: z.array(z.string().refine((text) => Cidr.parse(text) !== undefined, 'expected an address block such as 10.0.0.0/8')).min(1).optional(),
    mac: macTokens.optional(),
    tags: z.record(z.string().regex(/^[a-z_]+$/, 'expected a tag name in lower case'), z.string().min(1)),
  }).refine(({ cidr, mac }) => cidr ?? mac, 'a subject needs "cidr" or "mac"')),
});

const none: readonly string[] = Object.freeze([]);

/** What the company knows about the monitored endpoints, by address: department, residency, clearance, identity … */
export class Inventory {
  static readonly empty = new Inventory('', []);
  readonly version: string;
  readonly #entries: readonly Entry[];
  readonly #known = new BoundedCache<readonly string[]>(16_384);

  private constructor(version: string, entries: readonly Entry[]) {
    this.version = version;
    this.#entries = entries;
  }

  /** Reads an inventory (see docs/jurisdictions.md). Throws LocatedError. */
  static parse(text: string, file: string): Inventory {
    const { value } = readYaml(schema, text, file);
    return new Inventory(value.version, value.subjects.map(({ cidr, mac, tags }) => ({
      blocks: cidr && new CidrSet(cidr.map((block) => Cidr.parse(block)!)), macs: mac && new Set(mac), tags,
    })));
  }

  /**
   * Tags of a subject, such as `department=legal`, in alphabetical order. Where several entries hold its address or the token of its
   * hardware address, later ones override earlier ones.
   */
  tagsOf(ip: string, mac = ''): readonly string[] {
    if (this.#entries.length === 0) return none;
    const key = mac === '' ? ip : `${ip} ${mac}`;
    let tags = this.#known.get(key);
    if (tags === undefined) {
      const merged: Record<string, string> = {};
      for (const entry of this.#entries) if ((entry.blocks?.has(ip) ?? false) || (entry.macs?.has(mac) ?? false)) Object.assign(merged, entry.tags);
      tags = Object.entries(merged).map(([name, value]) => `${name}=${value}`).toSorted();
      this.#known.set(key, tags);
    }
    return tags;
  }

  /** Every tag that any entry has. */
  get tags(): ReadonlySet<string> {
    return new Set(this.#entries.flatMap(({ tags }) => Object.entries(tags).map(([key, value]) => `${key}=${value}`)));
  }
}
