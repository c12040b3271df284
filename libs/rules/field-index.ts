import { flowFields, type FlowField, type FlowRecord } from '#flow';
import type { CandidateKey, KeyField } from './candidates.ts';
import { CidrTrie } from './cidr-trie.ts';
import { numberReader, textReader, textsReader, type FieldReader } from './fields.ts';
import { PartIndex } from './part-index.ts';

type Found = (rules: readonly number[]) => void;
const noRules: readonly number[] = [];

/** Rules by what they require of one field. */
export class FieldIndex {
  readonly #field: KeyField;
  readonly #exact = new Map<string | number, number[]>();
  readonly #partTexts = new Map<string, number[]>();
  readonly #blocks = new CidrTrie();
  readonly #present: number[] = [];
  #hasBlocks = false;
  #parts: PartIndex | undefined;
  readonly #text: FieldReader<string>;
  readonly #texts: FieldReader<readonly string[]>;
  readonly #number: FieldReader<number>;

  constructor(field: KeyField) {
    this.#field = field;
    this.#text = textReader(field);
    this.#texts = textsReader(field);
    this.#number = numberReader(field);
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

  /** To be called when all rules are added. */
  finish(): void {
    if (this.#partTexts.size > 0) this.#parts = new PartIndex(this.#partTexts);
  }

  /** Calls `found` with rules whose requirement a value of the record meets. */
  search(record: FlowRecord, found: Found): void {
    const field = this.#field;
    if (field.type === 'number') {
      if (field.of === 'observable') for (const observable of record['telltale.observables']) this.#searchNumber(this.#number(record, observable), found);
      else this.#searchNumber(this.#number(record, undefined), found);
    } else if (field.type === 'texts') for (const text of this.#texts(record, undefined)) this.#searchText(text, found);
    else if (field.of === 'observable') for (const observable of record['telltale.observables']) this.#searchText(this.#text(record, observable), found);
    else this.#searchText(this.#text(record, undefined), found);
  }

  #searchNumber(value: number, found: Found): void {
    if (value === 0) return;
    found(this.#exact.get(value) ?? noRules);
    found(this.#present);
  }

  #searchText(value: string, found: Found): void {
    if (value === '') return;
    if (this.#exact.size > 0 || this.#parts !== undefined) {
      const lower = value.toLowerCase();
      const rules = this.#exact.get(lower);
      if (rules !== undefined) found(rules);
      this.#parts?.search(lower, found);
    }
    if (this.#hasBlocks) this.#blocks.search(value, found);
    if (this.#present.length > 0) found(this.#present);
  }
}

const textNames = (Object.keys(flowFields) as FlowField[]).filter((name) => flowFields[name].type === 'string');
const listNames = (Object.keys(flowFields) as FlowField[]).filter((name) => flowFields[name].type === 'strings');

/** Rules by the texts that they look for in all fields. */
export class KeywordIndex {
  readonly #parts: PartIndex;

  constructor(texts: ReadonlyMap<string, readonly number[]>) {
    this.#parts = new PartIndex(texts);
  }

  search(record: FlowRecord, found: Found): void {
    for (const name of textNames) {
      const value = record[name] as string;
      if (value !== '') this.#parts.search(value.toLowerCase(), found);
    }
    for (const name of listNames) for (const value of record[name] as string[]) this.#parts.search(value.toLowerCase(), found);
  }
}

/** Puts a rule under a key. */
export function append<K>(rules: Map<K, number[]>, key: K, rule: number): void {
  const known = rules.get(key);
  if (!known) rules.set(key, [rule]);
  else if (known.at(-1) !== rule) known.push(rule);
}
