import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import { ConditionError, readCondition, type Aggregation, type Condition } from './condition.ts';
import { combined, unknownParts, type Expression } from './expression.ts';
import { FieldTestError, type RuleValue } from './field-test-error.ts';
import { parseFieldTest } from './field-test.ts';
import type { FieldResolver } from './fields.ts';
import type { Entry, LocatedDocumentReader } from './located.ts';
import { kindFields } from './meaning-test.ts';
import { hintFor, type Vocabulary } from './vocabulary.ts';

const nothing: Expression = { type: 'or', operands: [] };
/** Keys of `detection` that are not searches. */
const notSearches: readonly string[] = ['condition', 'timeframe'];

export interface Detected {
  expression: Expression;
  /** What follows the `|` in a condition of Sigma 1. */
  aggregation: Aggregation | undefined;
}

/** Reads searches and conditions. Every fault is reported at its place; a search with a fault is left out. */
export class DetectionReader {
  readonly #reader: LocatedDocumentReader;
  readonly #resolve: FieldResolver;
  readonly #vocabulary: Vocabulary;
  readonly #isOwn: boolean;

  /** @param isOwn the rule is written for Telltale: what cannot run is an error. In rules for other tools it is merely not evaluable here. */
  constructor(reader: LocatedDocumentReader, resolve: FieldResolver, vocabulary: Vocabulary, isOwn = true) {
    this.#reader = reader;
    this.#resolve = resolve;
    this.#vocabulary = vocabulary;
    this.#isOwn = isOwn;
  }

  /** Searches by name, and the condition over them; keys in `other` are neither. */
  read(map: YAMLMap, other: readonly string[] = []): Detected | undefined {
    const searches = new Map<string, Expression>();
    const entries = this.#reader.entries(map).filter(({ key }) => !other.includes(String(key.value)));
    for (const { key, value } of entries) {
      const name = String(key.value);
      if (!notSearches.includes(name)) searches.set(name, { type: 'search', name, operand: this.search(this.#reader.resolve(value), key) });
    }
    const condition = entries.find(({ key }) => key.value === 'condition');
    if (!condition) return this.#reader.fail(map, 'condition', 'the detection has no condition');
    const used = new Set<string>();
    const given = this.#reader.resolve(condition.value);
    const conditions = (isSeq(given) ? this.#reader.items(given) : [given]).map((item) => this.#condition(item, searches, used));
    for (const { key } of this.#reader.failed ? [] : entries) {
      const name = String(key.value);
      if (!notSearches.includes(name) && !used.has(name)) this.#reader.warn(key, 'unused-search', `the condition does not use the search "${name}"`);
    }
    const aggregation = conditions.find((one) => one.aggregation)?.aggregation;
    const timeframe = this.#reader.entry('timeframe', map);
    if (timeframe && !aggregation) this.#reader.warn(timeframe.key, 'timeframe', '"timeframe" has no effect outside a correlation');
    return { expression: combined('or', conditions.map(({ expression }) => expression)), aggregation };
  }

  /** Reads a search: a map (all entries must hold), a list of maps (one of them must), or keywords. */
  search(node: Node | null, key: Node): Expression {
    if (isMap(node)) {
      const operands = this.#reader.entries(node).map((entry) => this.#fieldTest(entry));
      return operands.length === 0 ? this.#empty(node) : combined('and', operands);
    }
    if (isSeq(node)) {
      if (node.items.length === 0) return this.#empty(node);
      const items = this.#reader.items(node);
      const scalars = items.filter((item) => isScalar(item));
      const ofList = (item: Node): Expression => this.#reader.fail(item, 'search', 'a list of lists has no meaning here') ?? nothing;
      const others = items.filter((item) => !isScalar(item)).map((item) => (isSeq(item) ? ofList(item) : this.search(item, key)));
      if (scalars.length > 0) others.push(this.#test('', key, scalars as Scalar[]));
      return combined('or', others);
    }
    if (isScalar(node) && node.value !== null) return this.#test('', key, [node]);
    if (node === null || isScalar(node)) return this.#empty(node ?? key);
    return this.#reader.fail(node, 'search', 'a search must be a map, a list of maps, or a list of keywords') ?? nothing;
  }

  /** The specification gives a search without content no meaning: no record can answer it, neither with yes nor with no. */
  #empty(node: Node): Expression {
    this.#reader.warn(node, 'not-evaluable', 'it cannot be evaluated here: an empty search asks nothing');
    return { type: 'unknown', reason: 'an empty search asks nothing' };
  }

  #fieldTest({ key, value }: Entry): Expression {
    const node = this.#reader.resolve(value);
    const items = isSeq(node) ? this.#reader.items(node) : [node];
    for (const item of items) {
      if (item === null || isScalar(item)) continue;
      return this.#reader.fail(item, 'value', 'a value must be text, a number, true, false or null, or a list of these') ?? nothing;
    }
    if (items.length === 0) return this.#emptyList(key);
    if (!isSeq(node) && String(key.value).split('|').includes('all')) this.#reader.warn(key, 'modifier', '|all has no effect on a single value');
    this.#checkKinds(String(key.value ?? ''), items as (Scalar | null)[]);
    return this.#test(String(key.value ?? ''), key, items as (Scalar | null)[]);
  }

  /** Warns of kinds that are not in the catalogue (inferred kinds never are). Only a warning: records of another version may have such a kind. */
  #checkKinds(key: string, items: readonly (Scalar | null)[]): void {
    const [name = '', ...modifiers] = key.split('|');
    const { kinds } = this.#vocabulary;
    if (!kindFields.includes(name) || kinds.size === 0 || modifiers.some((modifier) => !['all', 'neq', 'cased'].includes(modifier))) return;
    for (const item of items) {
      const kind = item?.value;
      if (typeof kind !== 'string' || kind === '' || /[*?]/.test(kind) || kind.startsWith('inferred_') || kinds.has(kind.toLowerCase())) continue;
      this.#reader.warn(item!, 'unknown-identifier', `no kind of identifier is named "${kind}"${hintFor(kind, kinds.keys())}`);
    }
  }

  /** An entry without values asks for an absent field, like null (as in pySigma); it leaves modifiers nothing to change. */
  #emptyList(key: Scalar): Expression {
    const [name = '', ...modifiers] = String(key.value ?? '').split('|');
    if (name === '') return this.#empty(key);
    this.#reader.warn(key, 'value', 'an empty list asks for an absent field, as null does');
    return this.#test(modifiers.includes('neq') ? `${name}|neq` : name, key, [null]);
  }

  #test(key: string, keyNode: Node, scalars: readonly (Scalar | null)[]): Expression {
    try {
      const expression = parseFieldTest(key, scalars.map(ruleValue), this.#resolve, this.#vocabulary);
      for (const reason of unknownParts(expression)) this.#reader.warn(keyNode, 'not-evaluable', `it cannot be evaluated here: ${reason}`);
      return expression;
    } catch (error) {
      if (!(error instanceof FieldTestError)) throw error;
      const { subject, offset, code, message } = error;
      const others = subject === 'key' ? [] : scalars.toSpliced(subject, 1);
      const place = placeIn(subject === 'key' ? keyNode : scalars[subject] ?? keyNode, offset);
      if (code === 'regex' && !this.#isOwn) this.#reader.reportAt(place, 'warning', 'not-evaluable', `it cannot be evaluated here: ${message}`);
      else this.#reader.reportAt(place, 'error', code, message);
      const unknown: Expression = { type: 'unknown', reason: message };
      if (others.length === 0) return unknown;
      // Faults of the other values are reported as well, and those without a fault still run where one value suffices.
      const modifiers = key.split('|');
      return { type: modifiers.includes('all') === modifiers.includes('neq') ? 'or' : 'and', operands: [unknown, this.#test(key, keyNode, others)] };
    }
  }

  #condition(node: Node | null, searches: ReadonlyMap<string, Expression>, used: Set<string>): Detected {
    const none: Detected = { expression: nothing, aggregation: undefined };
    if (!isScalar(node) || typeof node.value !== 'string') return this.#reader.fail(node, 'condition', 'a condition must be text') ?? none;
    // Offsets in the text hold for a condition written on one line.
    const start = (node.range?.[0] ?? 0) + (node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE' ? 1 : 0);
    const at = (offset: number): number => (node.type?.startsWith('BLOCK') ? start : start + offset);
    const lower = (condition: Condition): Expression => {
      switch (condition.type) {
        case 'and': case 'or': return { type: condition.type, operands: condition.operands.map(lower) };
        case 'not': return { type: 'not', operand: lower(condition.operand) };
        case 'search': case 'quantified': {
          const wanted = condition.type === 'search' ? condition.name : condition.pattern;
          const names = condition.type === 'search' ? [wanted].filter((name) => searches.has(name)) : matchingNames(wanted, [...searches.keys()]);
          for (const name of names) used.add(name);
          if (names.length === 0) this.#reader.reportAt(at(condition.offset), 'error', 'unknown-search', `no search is named "${wanted}"`);
          const isAll = condition.type === 'quantified' && condition.quantifier === 'all';
          return combined(isAll ? 'and' : 'or', names.map((name) => searches.get(name)!));
        }
      }
    };
    try {
      const { condition, aggregation } = readCondition(node.value);
      for (const name of aggregation?.near ?? []) {
        if (searches.has(name)) used.add(name);
        else this.#reader.report(node, 'error', 'unknown-search', `no search is named "${name}"`);
      }
      return { expression: lower(condition), aggregation };
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error;
      this.#reader.reportAt(at(error.offset), 'error', 'condition', error.message);
      return none;
    }
  }
}

/** Offset in the file of a character of a value. In a text over several lines or with escapes before it, that of the value's beginning. */
function placeIn(node: Node, offset: number): number {
  const start = node.range?.[0] ?? 0;
  if (!isScalar(node) || offset === 0) return start;
  const before = String(node.value).slice(0, offset);
  if (node.type === 'PLAIN' && !before.includes('\n')) return start + offset;
  return node.type === 'QUOTE_SINGLE' && !/['\n]/.test(before) ? start + 1 + offset : start;
}

/** `them` is every search whose name does not begin with `_`. */
function matchingNames(pattern: string, names: readonly string[]): string[] {
  if (pattern.toLowerCase() === 'them') return names.filter((name) => !name.startsWith('_'));
  const regex = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return names.filter((name) => regex.test(name));
}

function ruleValue(scalar: Scalar | null): RuleValue {
  const value = scalar?.value ?? null;
  if (scalar === null || value === null) return { value: null, source: '' };
  // A number keeps its spelling, 1.10 or 0x17, for text fields.
  return { value: value as RuleValue['value'], source: typeof value === 'string' ? value : scalar.source ?? String(value) };
}
