import { z } from 'zod';
import { Cidr } from './cidr.ts';
import { LocatedError, readYaml, type Problem } from './located-yaml.ts';

const confidences = ['documented', 'inferred', 'unchecked'] as const;
const schema = z.strictObject({
  version: z.string(),
  operators: z.array(z.strictObject({
    operator: z.string().min(1),
    controlled_from: z.string().regex(/^[A-Z]{2}$/, 'expected an ISO 3166-1 alpha-2 code'),
    asns: z.array(z.int().min(1).max(0xffffffff)).min(1).optional(),
    prefixes: z.array(z.string().refine((text) => Cidr.parse(text) !== undefined, 'expected a prefix such as 192.0.2.0/24')).min(1).optional(),
    domains: z.array(z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'expected a domain in lower case, such as example.com')).min(1).optional(),
    confidence: z.enum(confidences),
    source: z.string().min(1),
  }).refine(({ asns, prefixes, domains }) => asns ?? prefixes ?? domains, 'an operator needs "asns", "prefixes" or "domains"')),
});

/** An organisation that runs networks, and the country from which it is controlled. */
export interface Operator {
  readonly name: string;
  /** ISO 3166-1 alpha-2. */
  readonly controlledFrom: string;
  readonly confidence: (typeof confidences)[number];
  readonly source: string;
  /** The table that lists it: `operators 2026-11-22`. */
  readonly table: string;
}

export interface OperatorFile {
  name: string;
  text: string;
}

/**
 * Operators by autonomous system, prefix and domain. Of several tables the first that names a network decides, so that the user's own comes
 * before the one that ships; a prefix takes precedence over its autonomous system, and a domain over both.
 */
export class Operators {
  /** Versions of the tables, in order: `company 2026-09-01, operators 2026-11-22`. */
  readonly version: string;
  readonly byAsn: ReadonlyMap<number, Operator>;
  readonly prefixes: readonly { cidr: Cidr; operator: Operator }[];
  readonly #byDomain: ReadonlyMap<string, Operator>;

  private constructor(
    version: string,
    byAsn: ReadonlyMap<number, Operator>,
    prefixes: readonly { cidr: Cidr; operator: Operator }[],
    byDomain: ReadonlyMap<string, Operator>,
  ) {
    this.version = version;
    this.byAsn = byAsn;
    this.prefixes = prefixes;
    this.#byDomain = byDomain;
  }

  /** Reads operator tables (see operators.yaml). Throws LocatedError with all problems. */
  static parse(files: readonly OperatorFile[]): Operators {
    const byAsn = new Map<number, Operator>();
    const byDomain = new Map<string, Operator>();
    const prefixes = new Map<string, { cidr: Cidr; operator: Operator }>();
    const versions: string[] = [];
    const problems: Problem[] = [];
    for (const { name: file, text } of files) {
      const { value, place } = readYaml(schema, text, file);
      const table = `${file.replace(/\.ya?ml$/, '')} ${value.version}`;
      versions.push(table);
      const own = new Set<string>();
      for (const [i, entry] of value.operators.entries()) {
        const operator: Operator = {
          name: entry.operator, controlledFrom: entry.controlled_from, confidence: entry.confidence, source: entry.source, table,
        };
        const add = <K>(key: 'asns' | 'prefixes' | 'domains', j: number, label: string, known: Map<K, unknown>, id: K, value: unknown): void => {
          if (own.has(label))
            problems.push({
              file,
              ...place(['operators', i, key, j]),
              severity: 'error',
              code: 'duplicate',
              message: `${label} is listed twice`,
            });
          own.add(label);
          if (!known.has(id)) known.set(id, value);
        };
        for (const [j, asn] of (entry.asns ?? []).entries()) add('asns', j, `AS${asn}`, byAsn, asn, operator);
        for (const [j, prefix] of (entry.prefixes ?? []).entries())
          add('prefixes', j, prefix, prefixes, prefix, { cidr: Cidr.parse(prefix)!, operator });
        for (const [j, domain] of (entry.domains ?? []).entries()) add('domains', j, domain, byDomain, domain, operator);
      }
    }
    if (problems.length > 0) throw new LocatedError(problems);
    return new Operators(versions.join(', '), byAsn, [...prefixes.values()], byDomain);
  }

  /** Operator of a host name: that of the longest listed domain that equals or contains it. */
  ofDomain(name: string): Operator | undefined {
    if (this.#byDomain.size === 0 || name === '') return undefined;
    for (
      let suffix = name.toLowerCase().replace(/\.$/, '');
      suffix !== '';
      suffix = suffix.includes('.') ? suffix.slice(suffix.indexOf('.') + 1) : ''
    ) {
      const operator = this.#byDomain.get(suffix);
      if (operator !== undefined) return operator;
    }
    return undefined;
  }
}
