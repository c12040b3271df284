import { createFlowRecord, type FlowRecord, type Observable } from '#flow';
import { readYaml, type Problem } from '#geo';
import { z } from 'zod';
import { compileRules } from './compile.ts';
import type { Rule, RuleFile } from './rule.ts';

const observable = z.strictObject({
  kind: z.string(), path: z.string(), encoding: z.string(), visibility: z.enum(['cleartext', 'inspected']), confidence: z.int().min(0).max(100),
  mask: z.string(), token: z.string(), sender: z.enum(['source', 'destination']), frame: z.int(), watchlist: z.string(),
}).partial();
const fixture = z.strictObject({ name: z.string().min(1), record: z.record(z.string(), z.unknown()), observables: z.array(observable).default([]) });
const schema = z.strictObject({ match: z.array(fixture).min(1), no_match: z.array(fixture).min(1) });
type Fixture = z.infer<typeof fixture>;

const defaultObservable: Observable = {
  kind: '', path: '', encoding: '', visibility: 'cleartext', confidence: 90, mask: '', token: '', sender: 'source', frame: 0, watchlist: '',
};

/**
 * Tests a rule (of several, whether one of them matches) with the records of its fixture file: `match` and `no_match`, each a list of named records with the fields that matter
 * and their observables. Returns what went wrong; nothing when the rule does as the fixtures say.
 *
 * @throws LocatedError when the file is no fixture file.
 */
export function checkFixtures(rules: Rule | readonly Rule[], file: RuleFile): Problem[] {
  const { value, place } = readYaml(schema, file.text, file.name);
  const plan = compileRules([rules].flat());
  const problems: Problem[] = [];
  for (const list of ['match', 'no_match'] as const) {
    for (const [i, entry] of value[list].entries()) {
      const report = (path: PropertyKey[], message: string): void => {
        problems.push({ file: file.name, ...place([list, i, ...path]), severity: 'error', code: 'fixture', message: `${entry.name}: ${message}` });
      };
      const record = fixtureRecord(entry, report);
      let matched = false;
      plan.evaluate(record, () => { matched = true; });
      if (matched !== (list === 'match')) report(['name'], matched ? 'the rule must not match, but does' : 'the rule must match, but does not');
    }
  }
  return problems;
}

function fixtureRecord({ record: fields, observables }: Fixture, report: (path: PropertyKey[], message: string) => void): FlowRecord {
  const record = recordFrom(fields, (name, message) => report(['record', name], message));
  record['telltale.observables'] = observables.map((given) => ({ ...defaultObservable, ...given } as Observable));
  return record;
}

function recordFrom(fields: Readonly<Record<string, unknown>>, report: (name: string, message: string) => void): FlowRecord {
  const record = createFlowRecord();
  for (const [name, value] of Object.entries(fields)) {
    const zero = record[name as keyof FlowRecord] as unknown;
    const fits = Array.isArray(zero) ? Array.isArray(value) && value.every((item) => typeof item === 'string') : typeof value === typeof zero;
    if (zero === undefined || name === 'telltale.observables') report(name, `a record has no field "${name}"`);
    else if (fits) Object.assign(record, { [name]: value });
    else report(name, `"${name}" takes ${Array.isArray(zero) ? 'a list of texts' : `a ${typeof zero}`}`);
  }
  return record;
}

const written = z.looseObject({ 'telltale.observables': z.array(observable).default([]) });

/**
 * Reads records written as JSON: one object, a list of them, or one per line. Fields that are not written are absent.
 * @throws Error that names the record and the field.
 */
export function readRecords(text: string): FlowRecord[] {
  const values = readJson(text);
  return values.map((value, i) => {
    const parsed = written.safeParse(value);
    if (!parsed.success) throw new Error(`record ${i + 1}: ${z.prettifyError(parsed.error)}`);
    const { 'telltale.observables': observables, ...fields } = parsed.data;
    const record = recordFrom(fields, (_, message) => { throw new Error(`record ${i + 1}: ${message}`); });
    record['telltale.observables'] = observables.map((given) => ({ ...defaultObservable, ...given } as Observable));
    return record;
  });
}

function readJson(text: string): unknown[] {
  try {
    return [JSON.parse(text) as unknown].flat();
  } catch (error) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length < 2) throw error;
    return lines.map((line) => JSON.parse(line) as unknown);
  }
}
