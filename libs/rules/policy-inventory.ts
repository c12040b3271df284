import { BoundedCache, Cidr, CidrSet, readYaml } from '#geo';
import { z } from 'zod';

const schema = z.strictObject({
  version: z.string(),
  subjects: z.array(z.strictObject({
    cidr: z.array(z.string().refine((text) => Cidr.parse(text) !== undefined, 'expected an address block such as 10.0.0.0/8')).min(1),
    tags: z.record(z.string().regex(/^[a-z_]+$/, 'expected a tag name in lower case'), z.string().min(1)),
  })),
});

const none: readonly string[] = Object.freeze([]);

/** What a company knows of the monitored endpoints: department, residency, clearance, identity … by address. */
export class Inventory {
  static readonly empty = new Inventory('', []);
  readonly version: string;
  readonly #entries: readonly { blocks: CidrSet; tags: Readonly<Record<string, string>> }[];
  readonly #known = new BoundedCache<readonly string[]>(16_384);

  private constructor(version: string, entries: readonly { blocks: CidrSet; tags: Readonly<Record<string, string>> }[]) {
    this.version = version;
    this.#entries = entries;
  }

  /** Reads an inventory (see docs/jurisdictions.md). Throws LocatedError. */
  static parse(text: string, file: string): Inventory {
    const { value } = readYaml(schema, text, file);
    return new Inventory(value.version, value.subjects.map(({ cidr, tags }) => ({ blocks: new CidrSet(cidr.map((block) => Cidr.parse(block)!)), tags })));
  }

  /** Tags of an address, `department=legal`, in the order of their names; of entries that hold it, a later one goes before an earlier one. */
  tagsOf(ip: string): readonly string[] {
    if (this.#entries.length === 0) return none;
    let tags = this.#known.get(ip);
    if (tags === undefined) {
      const merged: Record<string, string> = {};
      for (const entry of this.#entries) if (entry.blocks.has(ip)) Object.assign(merged, entry.tags);
      tags = Object.entries(merged).map(([key, value]) => `${key}=${value}`).toSorted();
      this.#known.set(ip, tags);
    }
    return tags;
  }

  /** Every tag that some entry gives. */
  get tags(): ReadonlySet<string> {
    return new Set(this.#entries.flatMap(({ tags }) => Object.entries(tags).map(([key, value]) => `${key}=${value}`)));
  }
}
