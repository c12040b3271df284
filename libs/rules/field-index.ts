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
    this.#text = field.type === 'text' ? textReader(field) : () => '';
    this.#texts = field.type === 'texts' ? textsReader(field) : () => [];
    this.#number = field.type === 'number' ? numberReader(field) : () => 0;
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

const textFields = (Object.keys(flowFields) as FlowField[]).filter((name) => flowFields[name].type === 'string');
const listFields = (Object.keys(flowFields) as FlowField[]).filter((name) => flowFields[name].type === 'strings');

/** Values of which it is remembered what keywords stand in them, per field. */
const rememberedValues = 2_048;
/** Fields in which hardly a value comes again soon. */
const changing: ReadonlySet<FlowField> = new Set(['event.id', 'telltale.flow.id', 'network.community_id', 'url.path', 'url.query', 'dns.question.name']);

/** A field's texts, with what was found in them: most records repeat values of those before, and mostly of the one before. */
class KeywordField {
  readonly #parts: PartIndex;
  /** Values that hold keywords have rules, the others none. */
  readonly #known: Map<string, readonly number[]> | undefined;
  #last = '';
  #rulesOfLast = noRules;

  constructor(name: FlowField, parts: PartIndex) {
    this.#parts = parts;
    this.#known = changing.has(name) ? undefined : new Map();
  }

  /** `value` is a text that is not empty. */
  search(value: string, found: Found): void {
    if (this.#known === undefined) return this.#parts.search(value.toLowerCase(), found);
    if (value !== this.#last) {
      this.#rulesOfLast = this.#known.get(value) ?? this.#learn(value, this.#known);
      this.#last = value;
    }
    if (this.#rulesOfLast.length > 0) found(this.#rulesOfLast);
  }

  #learn(value: string, known: Map<string, readonly number[]>): readonly number[] {
    const rules: number[] = [];
    this.#parts.search(value.toLowerCase(), (some) => rules.push(...some));
    if (known.size >= rememberedValues) known.clear();
    known.set(value, rules);
    return rules;
  }
}

type SearchAll = (record: FlowRecord, fields: readonly KeywordField[], found: Found) => void;

/** Searches all fields; one statement for each, for the reason given at `recordReader`. Most of them are empty, and passed over by a comparison. */
// oxlint-disable-next-line no-new-func -- the text is made of names of the field table alone
const searchTexts = new Function('record', 'fields', 'found', `let value;\n${textFields.map((name, i) =>
  `if ((value = record[${JSON.stringify(name)}]) !== '') fields[${i}].search(value, found);`).join('\n')}`) as SearchAll;
// oxlint-disable-next-line no-new-func -- as above
const searchLists = new Function('record', 'fields', 'found', `let value;\n${listFields.map((name, i) =>
  `if ((value = record[${JSON.stringify(name)}]).length > 0) for (let i = 0; i < value.length; i++) if (value[i] !== '') fields[${i}].search(value[i], found);`).join('\n')}`) as SearchAll;

/** Rules by the texts that they look for in all fields. */
export class KeywordIndex {
  readonly #texts: readonly KeywordField[];
  readonly #lists: readonly KeywordField[];

  constructor(texts: ReadonlyMap<string, readonly number[]>) {
    const parts = new PartIndex(texts);
    this.#texts = textFields.map((name) => new KeywordField(name, parts));
    this.#lists = listFields.map((name) => new KeywordField(name, parts));
  }

  search(record: FlowRecord, found: Found): void {
    searchTexts(record, this.#texts, found);
    searchLists(record, this.#lists, found);
  }
}

/** Puts a rule under a key. */
export function append<K>(rules: Map<K, number[]>, key: K, rule: number): void {
  const known = rules.get(key);
  if (!known) rules.set(key, [rule]);
  else if (known.at(-1) !== rule) known.push(rule);
}
