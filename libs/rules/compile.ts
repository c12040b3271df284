import type { FlowRecord, Observable } from '#flow';
import { keyCost, keyName, requirements, type KeyField, type Requirement } from './candidates.ts';
import { append, FieldIndex, searchAllOf, type SearchAll } from './field-index.ts';
import { keywordListFields, keywordTextFields, recordField } from './fields.ts';
import { PartIndex } from './part-index.ts';
import { compileExpression, type Predicate } from './predicate.ts';
import type { Rule } from './rule.ts';

/** Called for each rule that matched; `observables` are those that made it match, none when the rule names no observable field. */
export type OnMatch = (rule: Rule, observables: readonly Observable[]) => void;

const noObservables: readonly Observable[] = [];

/**
 * Rules compiled into one plan: the values of a record lead to the rules that require them, and only these rules (and those that require no
 * value) are evaluated.
 */
export class RulePlan {
  readonly rules: readonly Rule[];
  readonly #predicates: readonly Predicate[];
  readonly #indexes: readonly FieldIndex[];
  readonly #searchAll: SearchAll;
  readonly #always: readonly number[];
  /** By rule, the number of the last record for which it was evaluated: a rule that two values lead to is evaluated once. */
  readonly #evaluated: Float64Array;
  #count = 0;
  #record!: FlowRecord;
  #onMatch!: OnMatch;

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
    this.#predicates = rules.map(({ expression }) => compileExpression(expression));
    this.#evaluated = new Float64Array(rules.length);
    const chosen = chooseRequirements(rules);
    const keywords = keywordsOf(chosen);
    const indexes = new Map<string, FieldIndex>(
      keywords === undefined ? [] : keywordFields.map((field) => [field.name, new FieldIndex(field, keywords)]),
    );
    const always: number[] = [];
    for (const [number, requirement] of chosen.entries()) {
      if (!requirement) always.push(number);
      for (const key of requirement ?? []) {
        const { field } = key;
        if (field === undefined) continue;
        let index = indexes.get(field.name);
        if (!index) indexes.set(field.name, index = new FieldIndex(field, undefined));
        index.add(key, number);
      }
    }
    for (const index of indexes.values()) index.finish();
    this.#indexes = [...indexes.values()];
    this.#searchAll = searchAllOf(this.#indexes);
    this.#always = always;
  }

  /** How many rules are evaluated for every record, because they require no value. */
  get unindexed(): number {
    return this.#always.length;
  }

  evaluate(record: FlowRecord, onMatch: OnMatch): void {
    this.#count += 1;
    this.#record = record;
    this.#onMatch = onMatch;
    this.#found(this.#always);
    this.#searchAll(record, this.#indexes, this.#found);
  }

  /** One closure for all records. */
  readonly #found = (candidates: readonly number[]): void => {
    for (const number of candidates) {
      if (this.#evaluated[number] === this.#count) continue;
      this.#evaluated[number] = this.#count;
      this.#evaluate(this.rules[number]!, this.#predicates[number]!);
    }
  };

  #evaluate(rule: Rule, matches: Predicate): void {
    const record = this.#record;
    if (!rule.readsObservable) {
      if (matches(record, undefined)) this.#onMatch(rule, noObservables);
      return;
    }
    let matched: Observable[] | undefined;
    for (const observable of record['telltale.observables']) if (matches(record, observable)) (matched ??= []).push(observable);
    if (matched !== undefined) this.#onMatch(rule, matched);
  }
}

const keywordFields = [...keywordTextFields, ...keywordListFields].map((name) => recordField(name) as KeyField);

/** Rules by the texts that they require in any field; undefined when none requires one. */
function keywordsOf(chosen: readonly (Requirement | undefined)[]): PartIndex | undefined {
  const texts = new Map<string, number[]>();
  for (const [number, requirement] of chosen.entries()) {
    for (const key of requirement ?? []) if (key.kind === 'part' && key.field === undefined) append(texts, key.text, number);
  }
  return texts.size === 0 ? undefined : new PartIndex(texts);
}

/** For each rule the requirement that, by estimate, the fewest records meet; a key that many rules share counts as that much costlier. */
function chooseRequirements(rules: readonly Rule[]): (Requirement | undefined)[] {
  const options = rules.map(({ expression }) => requirements(expression));
  const popularity = new Map<string, number>();
  for (const one of options) for (const keys of one) for (const key of keys) popularity.set(keyName(key), (popularity.get(keyName(key)) ?? 0) + 1);
  const cost = (keys: Requirement): number => keys.reduce((sum, key) => sum + keyCost(key) * popularity.get(keyName(key))!, 0);
  return options.map((one) => {
    const costs = one.map(cost);
    return one[costs.indexOf(Math.min(...costs))];
  });
}

/** Compiles rules; those that flow records cannot answer are left out. */
export function compileRules(rules: readonly Rule[]): RulePlan {
  return new RulePlan(rules.filter(({ evaluable }) => evaluable !== 'no'));
}
