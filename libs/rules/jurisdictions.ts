import { LocatedError, readYaml, type Problem } from '#geo';
import { z } from 'zod';
import { daySchema, endOfDay, startOfDay } from './dates.ts';

const country = z.string().regex(/^[A-Z]{2}$/, 'expected an ISO 3166-1 alpha-2 code, in quotes where YAML would read it as something else ("NO")');
const member = z.union([
  country.transform((code) => ({ country: code, from: undefined, to: undefined, condition: undefined })),
  z.strictObject({ country, from: daySchema.optional(), to: daySchema.optional(), condition: z.string().min(1).optional() }),
]);
const schema = z.strictObject({
  version: z.string(),
  sets: z.array(z.strictObject({
    name: z.string().regex(/^[a-z0-9-]+$/, 'expected words in lower case, joined by -'),
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
  /** A further condition of membership, which cannot be seen from an address; `''`: none. */
  readonly condition: string;
}

export interface JurisdictionFile {
  name: string;
  text: string;
}

/** Named sets of countries. */
export class Jurisdictions {
  /** Countries by their codes, without any sets. */
  static readonly none = new Jurisdictions('', new Map());
  readonly version: string;
  readonly #sets: ReadonlyMap<string, readonly Membership[]>;

  private constructor(version: string, sets: ReadonlyMap<string, readonly Membership[]>) {
    this.version = version;
    this.#sets = sets;
  }

  /** Reads one file such as jurisdictions.yaml. Throws LocatedError. */
  static parse(text: string, name = 'jurisdictions.yaml'): Jurisdictions {
    return Jurisdictions.parseAll([{ name, text }]);
  }

  /** Reads the sets of several files together, such as the one that ships and one of the user's. Throws LocatedError with all problems. */
  static parseAll(files: readonly JurisdictionFile[]): Jurisdictions {
    const sets = new Map<string, Membership[]>();
    const versions: string[] = [];
    const problems: Problem[] = [];
    for (const { name: file, text } of files) {
      const { value, place } = readYaml(schema, text, file);
      versions.push(value.version);
      for (const [i, { name, members }] of value.sets.entries()) {
        if (sets.has(name))
          problems.push({ file, ...place(['sets', i, 'name']), severity: 'error', code: 'duplicate', message: `the set "${name}" is defined twice` });
        for (const [j, { from, to }] of members.entries()) {
          if (from && to && to < from)
            problems.push({ file, ...place(['sets', i, 'members', j, 'to']), severity: 'error', code: 'dates', message: '"to" is before "from"' });
        }
        sets.set(name, members.map((entry) => ({
          country: entry.country,
          from: entry.from === undefined ? -Infinity : startOfDay(entry.from),
          to: entry.to === undefined ? Infinity : endOfDay(entry.to),
          condition: entry.condition ?? '',
        })));
      }
    }
    if (problems.length > 0) throw new LocatedError(problems);
    return new Jurisdictions(versions.join(' '), sets);
  }

  get names(): Iterable<string> {
    return this.#sets.keys();
  }

  /** Members of the set `name`, or the one country that `name` is the code of; undefined when it is neither. */
  resolve(name: string): readonly Membership[] | undefined {
    if (/^[A-Z]{2}$/.test(name)) return [{ country: name, from: -Infinity, to: Infinity, condition: '' }];
    return this.#sets.get(name);
  }
}
