import { createFlowRecord, type FlowRecord, type Observable } from '#flow';
import { readYaml, type Problem } from '#geo';
import { z } from 'zod';
import { compileRules, type RulePlan } from './compile.ts';
import type { Correlation } from './correlation-links.ts';
import { correlationWindows, type CorrelationEvent } from './correlation-windows.ts';
import { HitPlan } from './hits.ts';
import type { Rule, RuleFile } from './rule.ts';

const observable = z.strictObject({
  kind: z.string(), path: z.string(), encoding: z.string(), visibility: z.enum(['cleartext', 'inspected']), confidence: z.int().min(0).max(100),
  mask: z.string(), token: z.string(), sender: z.enum(['source', 'destination']), frame: z.int(), watchlist: z.string(),
}).partial();
const shown = { record: z.record(z.string(), z.unknown()), observables: z.array(observable).default([]) };
const fixture = z.union([
  z.strictObject({ name: z.string().min(1), ...shown }),
  z.strictObject({ name: z.string().min(1), records: z.array(z.strictObject({ time: z.iso.datetime({ offset: true }), ...shown })).min(1) }),
], { error: 'a fixture needs a name, and either one record with its observables or several records, each with its time' });
const schema = z.strictObject({ match: z.array(fixture).min(1), no_match: z.array(fixture).min(1) });
type Shown = z.infer<z.ZodObject<typeof shown>>;

const defaultObservable: Observable = {
  kind: '', path: '', encoding: '', visibility: 'cleartext', confidence: 90, mask: '', token: '', sender: 'source', frame: 0, watchlist: '',
};

/** What the fixtures of a file test. */
export interface FixtureSubject {
  /** At least one of these must match a fixture of one record. */
  rules: readonly Rule[];
  /** At least one of these must find a window in a fixture of several records. */
  correlations?: readonly Correlation[];
  /** Where the correlations find the rules whose matches they count. */
  allRules?: readonly Rule[];
}

type Report = (path: PropertyKey[], message: string) => void;

/**
 * Tests rules and correlations with the records of their fixture file: `match` and `no_match`, each a list of named entries. An entry is
 * one record with the fields that matter and its observables, or, for a correlation, several of them with their times. Returns the
 * problems; none when everything does as the fixtures say.
 *
 * @throws LocatedError when the file is no fixture file.
 */
export function checkFixtures({ rules, correlations = [], allRules = rules }: FixtureSubject, file: RuleFile): Problem[] {
  const { value, place } = readYaml(schema, file.text, file.name);
  const plan = compileRules(rules);
  const counted = new Set(correlations.flatMap(({ hitFields }) => [...hitFields.keys()]));
  const countedPlan = compileRules(allRules.filter(({ id }) => counted.has(id)));
  const hits = new HitPlan(correlations, new Set());
  const problems: Problem[] = [];
  for (const list of ['match', 'no_match'] as const) {
    const wanted = list === 'match';
    const kinds = new Set(value[list].map((entry) => ('records' in entry ? 'records' : 'record')));
    const lacks = (message: string): void => { problems.push({ file: file.name, ...place([list]), severity: 'error', code: 'fixture', message }); };
    if (correlations.length > 0 && !kinds.has('records')) lacks(`the correlation has no fixture of several records under ${list}`);
    // Rules that only a correlation of the same file counts are tested with it.
    if (rules.some(({ id }) => !counted.has(id)) && !kinds.has('record')) lacks(`the rule has no fixture under ${list}`);
    for (const [i, entry] of value[list].entries()) {
      const report: Report = (path, message) => {
        problems.push({ file: file.name, ...place([list, i, ...path]), severity: 'error', code: 'fixture', message: `${entry.name}: ${message}` });
      };
      let matched = false;
      let what = 'the rule';
      if ('records' in entry) {
        what = 'the correlation';
        const events = entry.records.flatMap((shownRecord, n) => {
          const record = fixtureRecord(shownRecord, (path, message) => report(['records', n, ...path], message));
          record['@timestamp'] = Date.parse(shownRecord.time) * 1000;
          return eventsOf(countedPlan, hits, record, n);
        });
        matched = correlations.some(
          (correlation) => correlationWindows(correlation, (rule) => events.filter((event) => event.rule === rule)).length > 0,
        );
      } else
        plan.evaluate(fixtureRecord(entry, report), () => {
          matched = true;
        });
      if (matched !== wanted) report(['name'], matched ? `${what} must not match, but does` : `${what} must match, but does not`);
    }
  }
  return problems;
}

/** The events that correlations count for a record: for a rule about identifiers one per matching identifier, else one. */
function eventsOf(plan: RulePlan, hits: HitPlan, record: FlowRecord, number: number): CorrelationEvent[] {
  const events: CorrelationEvent[] = [];
  plan.evaluate(record, (rule, observables) => {
    const each = rule.outcome.finding === 'observable' ? observables : [observables[0]];
    for (const [i, observable] of each.entries()) {
      const fields = hits.fieldsOf({ rule: rule.id, record, observable });
      const id =
        rule.outcome.finding === 'flow' && record['telltale.flow.id'] !== ''
          ? `${rule.id} ${record['telltale.flow.id']}`
          : `${rule.id} ${number} ${i}`;
      events.push({ id, time: record['@timestamp'], rule: rule.id, fields });
    }
  });
  return events;
}

function fixtureRecord({ record: fields, observables }: Shown, report: Report): FlowRecord {
  const record = recordFrom(fields, (name, message) => report(['record', name], message));
  record['telltale.observables'] = observables.map((given) => ({ ...defaultObservable, ...given } as Observable));
  return record;
}

function recordFrom(fields: Readonly<Record<string, unknown>>, report: (name: string, message: string) => void): FlowRecord {
  const record = createFlowRecord();
  for (const [name, value] of Object.entries(fields)) {
    const zero = record[name as keyof FlowRecord] as unknown;
    const fits = Array.isArray(zero) ? Array.isArray(value) && value.every((item) => typeof item === 'string') : typeof value === typeof zero;
    if (zero === undefined || name === 'telltale.observables') report(name, `records have no field "${name}"`);
    else if (fits) Object.assign(record, { [name]: value });
    else report(name, `"${name}" must be ${Array.isArray(zero) ? 'a list of texts' : `a ${typeof zero}`}`);
  }
  return record;
}

const written = z.looseObject({ 'telltale.observables': z.array(observable).default([]) });

/**
 * Reads records written as JSON: one object, a list of them, or one per line. Fields that are not given are absent.
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
