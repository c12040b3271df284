import type { FlowField, FlowRecord, Observable } from '#flow';
import type { Expression, ValueTest } from './expression.ts';
import { textReader, textsReader, numberReader, type Field } from './fields.ts';
import { anyOne, anyRun, type Pattern } from './pattern.ts';
import { compileExpression, type Predicate } from './predicate.ts';
import type { Rule } from './rule.ts';

/** Why a rule matches a record, or does not: its searches, and the tests in each. */
export interface Explanation {
  matched: boolean;
  /** The identifier looked at, as `kind at path`; empty when the rule is about none. */
  observable: string;
  searches: ExplainedSearch[];
}

export interface ExplainedSearch {
  /** Its name in the rule; empty for the conditions of the log source. */
  name: string;
  holds: boolean;
  tests: ExplainedTest[];
}

export interface ExplainedTest {
  /** As a rule writes it: `destination.domain: *.zoom.us`. */
  text: string;
  holds: boolean;
  /** What the record has in the field. */
  value: string;
}

/** Explains a rule over a record; of several identifiers, by the one that comes closest. */
export function explain(rule: Rule, record: FlowRecord): Explanation {
  const about = rule.readsObservable && record['telltale.observables'].length > 0 ? record['telltale.observables'] : [undefined];
  const all = about.map((observable) => explainOne(rule, record, observable));
  return all.reduce((best, one) => (closeness(one) > closeness(best) ? one : best));
}

/** Compiled once per expression, since a rule is explained for many records. */
const predicates = new WeakMap<Expression, Predicate>();

function compiled(expression: Expression): Predicate {
  let predicate = predicates.get(expression);
  if (predicate === undefined) predicates.set(expression, predicate = compileExpression(expression));
  return predicate;
}

/** Which searches hold, in one line: `link fails, filter_proxy holds`. For a rule with one search, the tests that fail. */
export function reasonOf({ searches }: Explanation): string {
  const [first] = searches;
  if (searches.length === 1) {
    const failing = first!.tests.filter(({ holds }) => !holds).map(({ text }) => text);
    return failing.length > 0 ? `fails: ${failing.join('; ')}` : `${first!.name} holds`;
  }
  return searches.map(({ name, holds }) => `${name || '(log source)'} ${holds ? 'holds' : 'fails'}`).join(', ');
}

/** How close a rule comes to matching, for sorting: a match ranks highest, then the number of searches that hold, then that of their tests. */
export function closeness({ matched, searches }: Explanation): number {
  if (matched) return Infinity;
  return searches.reduce((sum, { holds, tests }) => sum + (holds ? 1_000 : 0) + tests.filter((test) => test.holds).length, 0);
}

function explainOne(rule: Rule, record: FlowRecord, observable: Observable | undefined): Explanation {
  const searches = new Map<string, ExplainedSearch>();
  const collect = (expression: Expression, name: string): void => {
    switch (expression.type) {
      case 'search':
        if (!searches.has(expression.name)) {
          searches.set(expression.name, { name: expression.name, holds: compiled(expression)(record, observable), tests: [] });
        }
        return collect(expression.operand, expression.name);
      case 'and': case 'or': return expression.operands.forEach((operand) => collect(operand, name));
      case 'not': return collect(expression.operand, name);
      case 'unknown': return;
      case 'field': case 'keyword': {
        let search = searches.get(name);
        if (!search) searches.set(name, search = { name, holds: true, tests: [] });
        const text = describe(expression);
        const holds = compiled(expression)(record, observable);
        const value = expression.type === 'field' ? valueOf(expression.field, record, observable) : '';
        if (search.tests.every((test) => test.text !== text)) search.tests.push({ text, holds, value });
      }
    }
  };
  collect(rule.expression, '');
  const ofLogSource = searches.get('');
  if (ofLogSource) ofLogSource.holds = ofLogSource.tests.some(({ holds }) => holds);
  const matched = compiled(rule.expression)(record, observable) && (!rule.readsObservable || observable !== undefined);
  return { matched, observable: observable === undefined ? '' : `${observable.kind} at ${observable.path}`, searches: [...searches.values()] };
}

function valueOf(field: Field, record: FlowRecord, observable: Observable | undefined): string {
  switch (field.type) {
    case 'text': return textReader(field)(record, observable);
    case 'texts': return textsReader(field)(record, observable).join(', ');
    case 'number': {
      const value = numberReader(field)(record, observable);
      return value === 0 ? '' : String(value);
    }
    case 'observables': return record[field.name as FlowField & 'telltale.observables'].map(({ kind }) => kind).join(', ');
  }
}

/** Values shown of a long list. */
const shownValues = 5;

function describe(expression: Extract<Expression, { type: 'field' | 'keyword' }>): string {
  const name = expression.type === 'field' ? expression.field.name : 'any text';
  const values = expression.tests.slice(0, shownValues).map(describeTest);
  if (expression.tests.length > shownValues) values.push(`… ${expression.tests.length - shownValues} more`);
  return `${name}${expression.quantifier === 'all' ? '|all' : ''}: ${values.join(' | ')}`;
}

function describeTest(test: ValueTest): string {
  switch (test.op) {
    case 'text': return patternText(test.pattern) || "''";
    case 'number': return String(test.value);
    case 'compare': return `${test.comparison} ${test.value}`;
    case 'time': return `${test.part} ${test.comparison} ${test.value}`;
    case 'regex': return String(test.regex);
    case 'cidr': return `${test.network}/${test.block.length}`;
    case 'exists': return test.expected ? 'present' : 'absent';
    case 'absent': return 'absent';
    case 'field': return `as ${test.field.name}`;
  }
}

function patternText(pattern: Pattern): string {
  return pattern.map((part) => (part === anyRun ? '*' : part === anyOne ? '?' : String(part).replace(/[*?]/g, '\\$&'))).join('');
}
