import { createHash } from 'node:crypto';
import { levels, type Level } from '#flow';
import type { Problem } from '#geo';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { ConditionError, parseCondition, type Condition } from './condition.ts';
import type { Expression } from './expression.ts';
import { FieldTestError, parseFieldTest, type RuleValue } from './field-test.ts';
import { recordField, type FieldResolver } from './fields.ts';
import type { Outcome, Rule, RuleFile } from './rule.ts';

export interface ParsedRules {
  /** Rules without an error. */
  rules: Rule[];
  problems: Problem[];
}

/**
 * Reads Sigma rules: one or more YAML documents per file. Every fault is reported with its place, and leaves out only its own rule.
 * `resolve` tells what field names mean; the default knows the field table.
 */
export function parseRules(files: readonly RuleFile[], resolve: FieldResolver = recordField): ParsedRules {
  const rules: Rule[] = [];
  const problems: Problem[] = [];
  const placeOfId = new Map<string, string>();
  for (const file of files) {
    const lines = new LineCounter();
    const documents = parseAllDocuments(file.text, { lineCounter: lines, prettyErrors: false });
    for (const document of 'empty' in documents ? [] : documents) {
      const reader = new RuleReader(file, document, lines, resolve);
      const rule = reader.read();
      if (rule && placeOfId.has(rule.id)) {
        reader.report(reader.entry('id')?.value, 'error', 'duplicate', `the id is taken by the rule at ${placeOfId.get(rule.id)}`);
      } else if (rule) {
        placeOfId.set(rule.id, `${rule.file}:${rule.line}`);
        rules.push(rule);
      }
      problems.push(...reader.problems);
    }
  }
  return { rules, problems };
}

type Entry = Pair<Scalar, Node | null>;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Keys of `detection` that are no search. */
const notSearches: readonly string[] = ['condition', 'timeframe'];

/** Reads one document. Faults are collected, so that one reading shows them all. */
class RuleReader {
  readonly problems: Problem[] = [];
  readonly #file: RuleFile;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #resolve: FieldResolver;
  #failed = false;
  #readsObservable = false;

  constructor(file: RuleFile, document: Document.Parsed, lines: LineCounter, resolve: FieldResolver) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
    this.#resolve = resolve;
  }

  read(): Rule | undefined {
    for (const { pos, message } of this.#document.errors) this.#reportAt(pos[0], 'error', 'yaml', message);
    if (this.#failed) return undefined;
    if (!isMap(this.#document.contents)) return this.#fail(this.#document.contents, 'document', 'a rule is a map with title, id, logsource and detection');
    for (const kind of ['correlation', 'filter', 'action']) {
      const entry = this.entry(kind);
      if (entry) return this.#fail(entry.key, 'unsupported', `documents with "${kind}" are not supported`);
    }
    const id = this.#text('id').toLowerCase();
    if (!uuid.test(id)) this.#fail(this.entry('id')?.value, 'id', 'a rule needs an id that is a UUID');
    const title = this.#text('title');
    if (title === '') this.#fail(this.entry('title')?.value, 'title', 'a rule needs a title');
    const expression = this.#detection();
    const rule: Rule = {
      id,
      title,
      version: createHash('sha256').update(this.#file.text.slice(...this.#document.range.slice(0, 2))).digest('hex').slice(0, 8),
      level: this.#level(),
      status: this.#text('status'),
      description: this.#text('description').trim(),
      author: this.#text('author'),
      date: this.#text('date'),
      references: this.#texts('references'),
      falsepositives: this.#texts('falsepositives'),
      tags: this.#texts('tags'),
      logsource: this.#logsource(),
      expression: expression ?? { type: 'or', operands: [] },
      readsObservable: this.#readsObservable,
      outcome: this.#outcome(),
      file: this.#file.name,
      line: this.#lines.linePos(this.#document.contents.range?.[0] ?? 0).line,
    };
    return this.#failed ? undefined : rule;
  }

  entry(key: string): Entry | undefined {
    return isMap(this.#document.contents) ? entryOf(this.#document.contents, key) : undefined;
  }

  report(node: Node | null | undefined, severity: Problem['severity'], code: string, message: string): void {
    this.#reportAt((node ?? this.#document.contents)?.range?.[0] ?? this.#document.range[0], severity, code, message);
  }

  #reportAt(offset: number, severity: Problem['severity'], code: string, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.problems.push({ file: this.#file.name, line, column: col, severity, code, message });
    this.#failed ||= severity === 'error';
  }

  #fail(node: Node | null | undefined, code: string, message: string): undefined {
    this.report(node, 'error', code, message);
  }

  #text(key: string): string {
    const node = this.entry(key)?.value;
    if (node === undefined || node === null) return '';
    if (isScalar(node) && typeof node.value !== 'object') return String(node.value);
    this.report(node, 'warning', 'attribute', `"${key}" should be text`);
    return '';
  }

  #texts(key: string): string[] {
    const node = this.entry(key)?.value;
    if (isSeq(node)) return node.items.filter((item) => isScalar(item)).map((item) => String(item.value));
    return isScalar(node) && node.value !== null ? [String(node.value)] : [];
  }

  #level(): Level {
    const level = this.#text('level');
    if ((levels as readonly string[]).includes(level)) return level as Level;
    if (level === '') this.report(undefined, 'warning', 'level', 'no level: "informational" is assumed');
    else this.#fail(this.entry('level')?.value, 'level', `unknown level "${level}": expected ${levels.join(', ')}`);
    return 'informational';
  }

  #logsource(): Rule['logsource'] {
    const node = this.entry('logsource')?.value;
    if (!isMap(node)) this.#fail(node, 'logsource', 'a rule needs a logsource');
    const part = (key: string): string => {
      const value = isMap(node) ? node.get(key) : undefined;
      return typeof value === 'string' ? value : '';
    };
    return { category: part('category'), product: part('product'), service: part('service') };
  }

  #outcome(): Outcome {
    const outcome: Outcome = { finding: this.#readsObservable ? 'observable' : 'record', verdict: 'violation', level: 'rule' };
    const node = this.entry('telltale')?.value;
    if (node === undefined) return outcome;
    if (!isMap(node)) return this.#fail(node, 'telltale', '"telltale" is a map of finding, verdict and level') ?? outcome;
    const allowed: Record<string, readonly string[]> = {
      finding: this.#readsObservable ? ['observable', 'record', 'flow'] : ['record', 'flow'],
      verdict: ['violation', 'indeterminate'],
      level: ['rule', 'policy'],
    };
    for (const { key, value } of entriesOf(node)) {
      const name = String(key.value);
      const choice = isScalar(value) ? String(value.value) : '';
      if (!Object.hasOwn(allowed, name)) this.#fail(key, 'telltale', `unknown key "${name}": expected ${Object.keys(allowed).join(', ')}`);
      else if (!allowed[name]!.includes(choice)) this.#fail(value ?? key, 'telltale', `"${choice}" is no ${name} of this rule: expected ${allowed[name]!.join(', ')}`);
      else Object.assign(outcome, { [name]: choice });
    }
    return outcome;
  }

  #detection(): Expression | undefined {
    const node = this.entry('detection')?.value;
    if (!isMap(node)) return this.#fail(node, 'detection', 'a rule needs a detection with searches and a condition');
    const searches = new Map<string, Expression>();
    const entries = entriesOf(node);
    for (const { key, value } of entries) {
      const name = String(key.value);
      if (name === 'timeframe') this.report(key, 'warning', 'timeframe', 'timeframe has no meaning without a correlation');
      if (notSearches.includes(name)) continue;
      searches.set(name, { type: 'search', name, operand: this.#search(value, key) });
    }
    const condition = entries.find(({ key }) => key.value === 'condition');
    if (!condition) return this.#fail(node, 'condition', 'detection has no condition');
    const used = new Set<string>();
    const alternatives = (isSeq(condition.value) ? condition.value.items as Node[] : [condition.value]).map((item) => this.#condition(item, searches, used));
    for (const { key } of this.#failed ? [] : entries) {
      const name = String(key.value);
      if (!notSearches.includes(name) && !used.has(name)) this.report(key, 'warning', 'unused-search', `search "${name}" is not used in the condition`);
    }
    return alternatives.length === 1 ? alternatives[0] : { type: 'or', operands: alternatives };
  }

  #search(node: Node | null, key: Node): Expression {
    const nothing: Expression = { type: 'or', operands: [] };
    if (isAlias(node)) return this.#fail(node, 'alias', 'YAML aliases are not read') ?? nothing;
    if (isMap(node)) {
      const operands = entriesOf(node).map((entry) => this.#fieldTest(entry));
      if (operands.length === 0) this.#fail(node, 'search', 'an empty search');
      return operands.length === 1 ? operands[0]! : { type: 'and', operands };
    }
    if (isSeq(node) && node.items.length > 0) {
      const items = node.items as Node[];
      const scalars = items.filter((item) => isScalar(item));
      const others = items.filter((item) => !isScalar(item)).map((item) => (isSeq(item) ? this.#fail(item, 'search', 'lists of lists have no meaning') ?? nothing : this.#search(item, key)));
      if (scalars.length > 0) others.push(this.#test('', key, scalars));
      return others.length === 1 ? others[0]! : { type: 'or', operands: others };
    }
    if (isScalar(node) && node.value !== null) return this.#test('', key, [node]);
    return this.#fail(node ?? key, 'search', 'a search is a map, a list of maps, or a list of keywords') ?? nothing;
  }

  #fieldTest({ key, value }: Entry): Expression {
    const nothing: Expression = { type: 'or', operands: [] };
    const items = isSeq(value) ? value.items as Node[] : [value];
    for (const item of items) {
      if (isAlias(item)) return this.#fail(item, 'alias', 'YAML aliases are not read') ?? nothing;
      if (item !== null && !isScalar(item)) return this.#fail(item, 'value', 'a value is text, a number, true, false or null, or a list of these') ?? nothing;
    }
    return this.#test(String(key.value ?? ''), key, items as (Scalar | null)[]);
  }

  #test(key: string, keyNode: Node, scalars: readonly (Scalar | null)[]): Expression {
    try {
      const expression = parseFieldTest(key, scalars.map(ruleValue), this.#resolve);
      this.#readsObservable ||= readsObservable(expression);
      return expression;
    } catch (error) {
      if (!(error instanceof FieldTestError)) throw error;
      this.#fail(error.subject === 'key' ? keyNode : scalars[error.subject] ?? keyNode, error.code, error.message);
      return { type: 'or', operands: [] };
    }
  }

  #condition(node: Node | null, searches: ReadonlyMap<string, Expression>, used: Set<string>): Expression {
    const nothing: Expression = { type: 'or', operands: [] };
    if (!isScalar(node) || typeof node.value !== 'string') return this.#fail(node, 'condition', 'a condition is text') ?? nothing;
    // Offsets in the text hold for a condition written on one line.
    const start = (node.range?.[0] ?? 0) + (node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE' ? 1 : 0);
    const at = (offset: number): number => (node.type?.startsWith('BLOCK') ? start : start + offset);
    const lower = (condition: Condition): Expression => {
      switch (condition.type) {
        case 'and': case 'or': return { type: condition.type, operands: condition.operands.map(lower) };
        case 'not': return { type: 'not', operand: lower(condition.operand) };
        case 'search': case 'quantified': {
          const names = condition.type === 'search' ? searches.has(condition.name) ? [condition.name] : [] : matchingNames(condition.pattern, [...searches.keys()]);
          for (const name of names) used.add(name);
          if (names.length === 0) {
            this.#reportAt(at(condition.offset), 'error', 'unknown-search', `no search is named "${condition.type === 'search' ? condition.name : condition.pattern}"`);
          }
          const operands = names.map((name) => searches.get(name)!);
          if (operands.length === 1) return operands[0]!;
          return { type: condition.type === 'quantified' && condition.quantifier === 'all' ? 'and' : 'or', operands };
        }
      }
    };
    try {
      return lower(parseCondition(node.value));
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error;
      this.#reportAt(at(error.offset), 'error', 'condition', error.message);
      return nothing;
    }
  }
}

/** `them` is every search whose name does not begin with `_`. */
function matchingNames(pattern: string, names: readonly string[]): string[] {
  if (pattern.toLowerCase() === 'them') return names.filter((name) => !name.startsWith('_'));
  const regex = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return names.filter((name) => regex.test(name));
}

function entriesOf(map: YAMLMap): Entry[] {
  return map.items as Entry[];
}

function entryOf(map: YAMLMap, key: string): Entry | undefined {
  return entriesOf(map).find((entry) => isScalar(entry.key) && entry.key.value === key);
}

function ruleValue(scalar: Scalar | null): RuleValue {
  const value = scalar?.value ?? null;
  if (scalar === null || value === null) return { value: null, source: '' };
  // A number keeps its spelling, 1.10 or 0x17, for text fields.
  return { value: value as RuleValue['value'], source: typeof value === 'string' ? value : scalar.source ?? String(value) };
}

function readsObservable(expression: Expression): boolean {
  switch (expression.type) {
    case 'and': case 'or': return expression.operands.some(readsObservable);
    case 'not': case 'search': return readsObservable(expression.operand);
    case 'keyword': return false;
    case 'field': return expression.field.of === 'observable' || expression.tests.some((test) => test.op === 'field' && test.field.of === 'observable');
  }
}
