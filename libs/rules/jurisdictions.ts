import { LocatedError, readYaml } from '#geo';
import { z } from 'zod';
import { daySchema, endOfDay, startOfDay } from './dates.ts';

const country = z.string().regex(/^[A-Z]{2}$/, 'expected an ISO 3166-1 alpha-2 code in quotes where YAML needs them');
const member = z.union([country.transform((code) => ({ country: code, from: undefined, to: undefined })), z.strictObject({ country, from: daySchema.optional(), to: daySchema.optional() })]);
const schema = z.strictObject({
  version: z.string(),
  sets: z.array(z.strictObject({
    name: z.string().regex(/^[a-z0-9-]+$/, 'expected lower-case words joined by -'),
    title: z.string().min(1),
    source: z.string().min(1),
    members: z.array(member).min(1),
  })),
});

/** A country as a member of a set, between two times in µs, both included. */
export interface Membership {
  readonly country: string;
  readonly from: number;
  readonly to: number;
}

/** Named sets of countries. */
export class Jurisdictions {
  readonly version: string;
  readonly #sets: ReadonlyMap<string, readonly Membership[]>;

  private constructor(version: string, sets: ReadonlyMap<string, readonly Membership[]>) {
    this.version = version;
    this.#sets = sets;
  }

  /** Reads jurisdictions.yaml. Throws LocatedError. */
  static parse(yaml: string, file = 'jurisdictions.yaml'): Jurisdictions {
    const { value, place } = readYaml(schema, yaml, file);
    const sets = new Map<string, Membership[]>();
    for (const [i, { name, members }] of value.sets.entries()) {
      if (sets.has(name)) throw new LocatedError([{ file, ...place(['sets', i, 'name']), severity: 'error', code: 'duplicate', message: `set "${name}" is defined twice` }]);
      sets.set(name, members.map((entry) => ({
        country: entry.country,
        from: entry.from === undefined ? -Infinity : startOfDay(entry.from),
        to: entry.to === undefined ? Infinity : endOfDay(entry.to),
      })));
    }
    return new Jurisdictions(value.version, sets);
  }

  /** Members of the set `name`, or the one country that `name` is the code of; undefined when it is neither. */
  resolve(name: string): readonly Membership[] | undefined {
    if (/^[A-Z]{2}$/.test(name)) return [{ country: name, from: -Infinity, to: Infinity }];
    return this.#sets.get(name);
  }
}
