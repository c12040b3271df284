import type { FlowRecord, Observable } from '#flow';
import type { CandidateKey, KeyField } from './candidates.ts';
import { CidrTrie } from './cidr-trie.ts';
import { PartIndex } from './part-index.ts';

type Found = (rules: readonly number[]) => void;
const noRules: readonly number[] = [];

/** For at most so many values of a field, the rules that they lead to are remembered. */
const rememberedValues = 8_192;
/** Fields whose values rarely recur soon, so that remembering them does not pay. */
const changing: ReadonlySet<string> = new Set([
  'url.path',
  'url.query',
  'url.original',
  'destination.ip',
  'telltale.peer.ip',
  'dns.resolved_ip',
  'telltale.observable.path',
  'url.query or url.original',
]);

/** The rules that require something of one field, looked up by its value. */
export class FieldIndex {
  readonly field: KeyField;
  /** Texts that rules look for in every field, including this one. */
  readonly #keywords: PartIndex | undefined;
  readonly #exact = new Map<string | number, number[]>();
  readonly #partTexts = new Map<string, number[]>();
  readonly #blocks = new CidrTrie();
  readonly #present: number[] = [];
  #hasBlocks = false;
  #parts: PartIndex | undefined;
  /**
   * Rules found for earlier values, since most records repeat values of earlier ones. Undefined for a field that at most repeats the
   * previous record's value.
   */
  readonly #known: Map<string, readonly number[]> | undefined;
  #last = '';
  #rulesOfLast = noRules;
  #lastNumber = 0;

  constructor(field: KeyField, keywords: PartIndex | undefined) {
    this.field = field;
    this.#keywords = keywords;
    this.#known = changing.has(field.name) ? undefined : new Map();
  }

  add(key: CandidateKey, rule: number): void {
    switch (key.kind) {
      case 'exact': return append(this.#exact, key.value, rule);
      case 'part': return append(this.#partTexts, key.text, rule);
      case 'cidr':
        this.#hasBlocks = true;
        return this.#blocks.add(key.network, key.block.length, rule);
      case 'present': this.#present.push(rule);
    }
  }

  /** Must be called once, after all rules have been added. */
  finish(): void {
    if (this.#partTexts.size > 0) this.#parts = new PartIndex(this.#partTexts);
  }

  /** Calls `found` with the rules whose requirement `value` meets; it must not be 0. */
  searchNumber(value: number, found: Found): void {
    if (value !== this.#lastNumber) {
      this.#rulesOfLast = this.#exact.get(value) ?? noRules;
      this.#lastNumber = value;
    }
    if (this.#rulesOfLast.length > 0) found(this.#rulesOfLast);
    if (this.#present.length > 0) found(this.#present);
  }

  /** Calls `found` with the rules whose requirement `value` meets; it must not be empty. */
  searchText(value: string, found: Found): void {
    if (value !== this.#last) {
      this.#rulesOfLast = this.#known === undefined ? this.#rulesOf(value) : this.#known.get(value) ?? this.#learn(value, this.#known);
      this.#last = value;
    }
    if (this.#rulesOfLast.length > 0) found(this.#rulesOfLast);
  }

  #learn(value: string, known: Map<string, readonly number[]>): readonly number[] {
    const rules = this.#rulesOf(value);
    if (known.size >= rememberedValues) known.clear();
    known.set(value, rules);
    return rules;
  }

  #rulesOf(value: string): readonly number[] {
    this.#search(value, this.#collect);
    if (this.#collected.size === 0) return noRules;
    const rules = [...this.#collected];
    this.#collected.clear();
    return rules;
  }

  readonly #collected = new Set<number>();
  /** One closure for all values. */
  readonly #collect = (rules: readonly number[]): void => {
    for (const rule of rules) this.#collected.add(rule);
  };

  #search(value: string, found: Found): void {
    const lower = value.toLowerCase();
    if (this.#exact.size > 0) {
      const rules = this.#exact.get(lower);
      if (rules !== undefined) found(rules);
    }
    this.#parts?.search(lower, found);
    this.#keywords?.search(lower, found);
    if (this.#hasBlocks) this.#blocks.search(value, found);
    if (this.#present.length > 0) found(this.#present);
  }
}

/** Searches each index for the record's value in its field. */
export type SearchAll = (record: FlowRecord, indexes: readonly FieldIndex[], found: Found) => void;

/** Generates one statement per index, for the reason given at `recordReader`. Empty fields, as most are, cost one comparison. */
export function searchAllOf(indexes: readonly FieldIndex[]): SearchAll {
  const ofRecord: string[] = [];
  const ofObservable: string[] = [];
  for (const [i, { field }] of indexes.entries()) {
    if (field.of === 'observable') ofObservable.push(statement(`observable[${JSON.stringify(field.key satisfies keyof Observable)}]`, field.type, i));
    else if (field.of === 'computed') ofRecord.push(statement(`indexes[${i}].field.read(record)`, 'texts', i));
    else if (field.type !== 'observables') ofRecord.push(statement(`record[${JSON.stringify(field.name)}]`, field.type, i));
  }
  if (ofObservable.length > 0) ofRecord.push(`for (const observable of record['telltale.observables']) {`, ...ofObservable, '}');
  // oxlint-disable-next-line no-new-func -- the text is made of names of the field table alone
  return new Function('record', 'indexes', 'found', `let value;\n${ofRecord.join('\n')}`) as SearchAll;
}

function statement(read: string, type: 'text' | 'texts' | 'number', index: number): string {
  switch (type) {
    case 'text':
      return `if ((value = ${read}) !== '') indexes[${index}].searchText(value, found);`;
    case 'texts':
      return `if ((value = ${read}).length > 0)
        for (let i = 0; i < value.length; i++) if (value[i] !== '') indexes[${index}].searchText(value[i], found);`;
    case 'number':
      return `if ((value = ${read}) !== 0) indexes[${index}].searchNumber(value, found);`;
  }
}

/** Puts a rule under a key. */
export function append<K>(rules: Map<K, number[]>, key: K, rule: number): void {
  const known = rules.get(key);
  if (!known) rules.set(key, [rule]);
  else if (known.at(-1) !== rule) known.push(rule);
}
