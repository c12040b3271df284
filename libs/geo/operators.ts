import { z } from 'zod';
import { LocatedError, readYaml } from './located-yaml.ts';

const schema = z.strictObject({
  version: z.string(),
  operators: z.array(z.strictObject({
    operator: z.string().min(1),
    controlled_from: z.string().regex(/^[A-Z]{2}$/, 'expected an ISO 3166-1 alpha-2 code'),
    asns: z.array(z.int().min(1).max(0xffffffff)).min(1),
    confidence: z.enum(['documented', 'inferred', 'unchecked']),
    source: z.string().min(1),
  })),
});

export interface Operators {
  version: string;
  /** Country of control (ISO 3166-1 alpha-2) by autonomous system number. */
  countryOf: ReadonlyMap<number, string>;
}

/** Reads the operator table (see operators.yaml). Throws LocatedError. */
export function parseOperators(yaml: string, file = 'operators.yaml'): Operators {
  const { value, place } = readYaml(schema, yaml, file);
  const countryOf = new Map<number, string>();
  for (const [i, { asns, controlled_from: country }] of value.operators.entries()) {
    for (const [j, asn] of asns.entries()) {
      if (countryOf.has(asn)) {
        const message = `AS${asn} stands in the table twice`;
        throw new LocatedError([{ file, ...place(['operators', i, 'asns', j]), severity: 'error', code: 'duplicate', message }]);
      }
      countryOf.set(asn, country);
    }
  }
  return { version: value.version, countryOf };
}
