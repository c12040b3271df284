import { createFlowRecord } from '#flow';
import { readYaml, roles, type Problem } from '#geo';
import { z } from 'zod';
import type { Hop, JudgedPlace } from './policy-judgement.ts';
import type { PolicySet } from './policy-set.ts';

const code = z.union(
  [z.literal(''), z.string().regex(/^[A-Z]{2}$/, 'expected an ISO 3166-1 alpha-2 code, or an empty text for unknown')],
).default('');
const countries = z.array(z.string()).default([]);
const place = { located: code, registered: code, operated: code, disputed: countries, registered_disputed: countries };
const judged = <P extends { registered_disputed: string[] }>({ registered_disputed: registeredDisputed, ...said }: P) => ({
  ...said,
  registeredDisputed,
});
const schema = z.strictObject({
  cases: z.array(z.strictObject({
    name: z.string().min(1),
    day: z.iso.date().default('2026-08-01'),
    service: z.string().min(1),
    role: z.enum(roles),
    subject: z.string().default('10.0.0.1'),
    tags: z.record(z.string(), z.string()).default({}),
    identifiers: z.array(z.string()).default([]),
    peer: z.strictObject(place).transform(judged).prefault({}),
    hops: z.array(z.strictObject({ kind: z.string(), ip: z.string(), ...place }).transform(judged)).default([]),
    expect: z.enum(['allowed', 'unknown', 'denied', 'none']),
    policy: z.string().optional(),
    reason: z.string().optional(),
  })).min(1),
});

/**
 * Tests policies on the cases of a file, each with the verdict that is expected (`none`: no policy applies). Returns the cases that came
 * out otherwise.
 *
 * @throws LocatedError when the file is no file of cases.
 */
export function checkPolicyCases(policies: PolicySet, { name: file, text }: { name: string; text: string }): { cases: number; problems: Problem[] } {
  const { value, place: placeAt } = readYaml(schema, text, file);
  const problems: Problem[] = [];
  for (const [i, one] of value.cases.entries()) {
    const record = createFlowRecord();
    record['@timestamp'] = Date.parse(`${one.day}T12:00:00Z`) * 1_000;
    record['telltale.service'] = one.service;
    record['telltale.role'] = one.role;
    record['telltale.subject.ip'] = one.subject;
    record['telltale.subject.tags'] = Object.entries(one.tags).map(([key, tag]) => `${key}=${tag}`);
    record['telltale.flow.observable_kinds'] = one.identifiers;
    policies.decide(record, one.peer satisfies JudgedPlace, one.hops satisfies Hop[]);

    const expect = (key: 'expect' | 'policy' | 'reason', actual: string): void => {
      const wanted = one[key];
      if (wanted === undefined || wanted === actual) return;
      const why = record['telltale.policy.decisions'].join('; ') || 'no policy applies';
      problems.push({
        file,
        ...placeAt(['cases', i, key]),
        severity: 'error',
        code: 'case',
        message: `${one.name}: expected ${wanted}, but the policies say ${actual} (${why})`,
      });
    };
    expect('expect', record['telltale.policy.verdict'] || 'none');
    expect('policy', record['telltale.policy.id']);
    expect('reason', record['telltale.policy.reason']);
  }
  return { cases: value.cases.length, problems };
}
