import type { FlowRecord, Observable } from '#flow';
import { candidateKeys, type KeyField } from './candidates.ts';
import { compileExpression } from './predicate.ts';
import { numberReader, textReader, textsReader, type FieldReader } from './fields.ts';
import type { Rule } from './rule.ts';

/** Told of a rule that matched; `observables` are those that made it match, none when the rule names no observable field. */
export type OnMatch = (rule: Rule, observables: readonly Observable[]) => void;

const noObservables: readonly Observable[] = [];

/** Rules that ask for one of certain values in a field, by value. */
interface Index {
  readonly field: KeyField;
  readonly candidates: Map<string | number, number[]>;
  readonly text: FieldReader<string>;
  readonly texts: FieldReader<readonly string[]>;
  readonly number: FieldReader<number>;
}

/**
 * Rules made ready to run as one plan: a record is asked for the values that rules require, and only the rules found that way
 * (and those that require no value) are evaluated.
 */
export class RulePlan {
  readonly rules: readonly Rule[];
  readonly #predicates: readonly ((record: FlowRecord, observable: Observable | undefined) => boolean)[];
  readonly #indexes: readonly Index[];
  readonly #always: readonly number[];
  /** Number of the last record for which a rule was evaluated, by rule: a rule found by two values is evaluated once. */
  readonly #evaluated: Float64Array;
  #record = 0;

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
    this.#predicates = rules.map((rule) => compileExpression(rule.expression));
    const indexes = new Map<string, Index>();
    const always: number[] = [];
    for (const [number, rule] of rules.entries()) {
      const keys = candidateKeys(rule.expression);
      if (!keys) always.push(number);
      for (const { field, value } of keys ?? []) {
        let index = indexes.get(field.name);
        if (!index) indexes.set(field.name, index = { field, candidates: new Map(), text: textReader(field), texts: textsReader(field), number: numberReader(field) });
        const candidates = index.candidates.get(value);
        if (candidates) candidates.push(number);
        else index.candidates.set(value, [number]);
      }
    }
    this.#indexes = [...indexes.values()];
    this.#always = always;
    this.#evaluated = new Float64Array(rules.length);
  }

  /** Rules that are evaluated for every record, because no value is required by them. */
  get unindexed(): number {
    return this.#always.length;
  }

  evaluate(record: FlowRecord, onMatch: OnMatch): void {
    this.#record += 1;
    for (const number of this.#always) this.#evaluate(number, record, onMatch);
    for (const index of this.#indexes) this.#probe(index, record, onMatch);
  }

  #probe(index: Index, record: FlowRecord, onMatch: OnMatch): void {
    const { field } = index;
    if (field.of === 'observable') {
      for (const observable of record['telltale.observables']) this.#found(index, index.text(record, observable), record, onMatch);
    } else if (field.type === 'texts') {
      for (const value of index.texts(record, undefined)) this.#found(index, value, record, onMatch);
    } else if (field.type === 'number') {
      for (const number of index.candidates.get(index.number(record, undefined)) ?? []) this.#evaluate(number, record, onMatch);
    } else this.#found(index, index.text(record, undefined), record, onMatch);
  }

  #found(index: Index, value: string, record: FlowRecord, onMatch: OnMatch): void {
    if (value === '') return;
    const candidates = index.candidates.get(value.toLowerCase());
    if (candidates !== undefined) for (const number of candidates) this.#evaluate(number, record, onMatch);
  }

  #evaluate(number: number, record: FlowRecord, onMatch: OnMatch): void {
    if (this.#evaluated[number] === this.#record) return;
    this.#evaluated[number] = this.#record;
    const rule = this.rules[number]!;
    const matches = this.#predicates[number]!;
    if (!rule.readsObservable) {
      if (matches(record, undefined)) onMatch(rule, noObservables);
      return;
    }
    let matched: Observable[] | undefined;
    for (const observable of record['telltale.observables']) if (matches(record, observable)) (matched ??= []).push(observable);
    if (matched !== undefined) onMatch(rule, matched);
  }
}

/** Makes rules ready to run; those that records cannot answer are left out. */
export function compileRules(rules: readonly Rule[]): RulePlan {
  return new RulePlan(rules.filter(({ evaluable }) => evaluable !== 'no'));
}
