import { CidrSet } from '#geo';
import type { FlowRecord, Observable } from '#flow';
import type { Comparison, Expression, ValueTest } from './expression.ts';
import { timePart } from './dates.ts';
import { keywordListFields, keywordTextFields, numberReader, textReader, textsReader, type Field, type FieldReader } from './fields.ts';
import { compilePattern } from './pattern.ts';
import { regexMatcher, regexSubjectLimit } from './regex.ts';

/** Whether a record matches; `observable` is the one under test. */
export type Predicate = FieldReader<boolean>;
type TextTest = (value: string, record: FlowRecord, observable: Observable | undefined) => boolean;

/** Compiles an expression into a function, which allocates nothing when it runs. */
export function compileExpression(expression: Expression): Predicate {
  switch (expression.type) {
    case 'search': return compileExpression(expression.operand);
    case 'not': {
      const operand = compileExpression(expression.operand);
      return (record, observable) => !operand(record, observable);
    }
    case 'and': case 'or': return compileList(expression.operands.map(compileExpression), expression.type === 'and' ? 'all' : 'any');
    case 'field': return compileField(expression.field, expression.quantifier, expression.tests);
    case 'keyword': return compileKeyword(expression.quantifier, expression.tests);
    case 'unknown': return () => false;
  }
}

function compileList(predicates: readonly Predicate[], quantifier: 'any' | 'all'): Predicate {
  const all = quantifier === 'all';
  return (record, observable) => {
    for (const predicate of predicates) if (predicate(record, observable) !== all) return !all;
    return all;
  };
}

function compileField(field: Field, quantifier: 'any' | 'all', tests: readonly ValueTest[]): Predicate {
  const compileOne: (group: readonly ValueTest[]) => Predicate =
    field.type === 'number' ? (group) => compileNumber(numberReader(field), group)
    : field.type === 'text' ? (group) => compileText(textReader(field), group)
    : field.type === 'texts' ? (group) => compileTexts(textsReader(field), group)
    : (group) => compileObservables(group);
  if (quantifier === 'any') return compileOne(tests);
  return compileList(tests.map((test) => compileOne([test])), 'all');
}

function compileText(read: FieldReader<string>, tests: readonly ValueTest[]): Predicate {
  const test = anyTextTest(tests);
  return (record, observable) => test(read(record, observable), record, observable);
}

/** Whether any text of the list passes; an empty list is an absent field. */
function compileTexts(read: FieldReader<readonly string[]>, tests: readonly ValueTest[]): Predicate {
  const test = anyTextTest(tests);
  return (record, observable) => {
    const values = read(record, observable);
    if (values.length === 0) return test('', record, observable);
    for (const value of values) if (test(value, record, observable)) return true;
    return false;
  };
}

function compileObservables(tests: readonly ValueTest[]): Predicate {
  const expected = tests.some((test) => test.op === 'exists' && test.expected);
  return (record) => (record['telltale.observables'].length > 0) === expected;
}

/** The form of a text that is compared as a number. */
export const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?$/;

const comparators: Record<Comparison, (a: number, b: number) => boolean> = {
  lt: (a, b) => a < b, lte: (a, b) => a <= b, gt: (a, b) => a > b, gte: (a, b) => a >= b,
};

function compileNumber(read: FieldReader<number>, tests: readonly ValueTest[]): Predicate {
  const equal = new Set<number>();
  const others: Predicate[] = [];
  for (const test of tests) {
    if (test.op === 'number') equal.add(test.value);
    else if (test.op === 'compare') {
      const compare = comparators[test.comparison];
      others.push((record, observable) => compare(read(record, observable), test.value));
    } else if (test.op === 'time') {
      const { part, comparison, value } = test;
      const compare = comparison === 'eq' ? (a: number, b: number) => a === b : comparators[comparison];
      others.push((record, observable) => {
        const micros = read(record, observable);
        return micros !== 0 && compare(timePart(micros, part), value);
      });
    } else if (test.op === 'exists' || test.op === 'absent') {
      const expected = test.op === 'exists' && test.expected;
      others.push((record, observable) => (read(record, observable) !== 0) === expected);
    } else if (test.op === 'field' && test.field.type === 'number' && test.anchor === 'whole') {
      const other = numberReader(test.field);
      others.push((record, observable) => read(record, observable) === other(record, observable));
    } else others.push(compileText((record, observable) => String(read(record, observable)), [test]));
  }
  if (equal.size > 0) others.unshift((record, observable) => equal.has(read(record, observable)));
  return others.length === 1 ? others[0]! : compileList(others, 'any');
}

/** Combines alternatives into one test: exact texts are looked up in a set, and the value is converted to lower case once. */
function anyTextTest(tests: readonly ValueTest[]): TextTest {
  const exact = new Set<string>();
  const folded: ((lower: string) => boolean)[] = [];
  const others: TextTest[] = [];
  for (const test of tests) {
    if (test.op === 'text' && !test.cased) {
      if (test.literal !== undefined) exact.add(test.literal);
      else folded.push(compilePattern(test.pattern));
    } else others.push(compileTextTest(test));
  }
  return (value, record, observable) => {
    if (exact.size > 0 || folded.length > 0) {
      const lower = value.toLowerCase();
      if (exact.has(lower)) return true;
      for (const matches of folded) if (matches(lower)) return true;
    }
    for (const matches of others) if (matches(value, record, observable)) return true;
    return false;
  };
}

function compileTextTest(test: ValueTest): TextTest {
  switch (test.op) {
    case 'text': {
      const { literal } = test;
      return literal !== undefined ? (value) => value === literal : compilePattern(test.pattern);
    }
    case 'number': {
      const text = String(test.value);
      return (value) => value === text;
    }
    case 'regex': {
      const matches = regexMatcher(test.regex);
      return (value) => matches(value.length > regexSubjectLimit ? value.slice(0, regexSubjectLimit) : value);
    }
    case 'cidr': {
      const block = new CidrSet([test.block]);
      return (value) => value !== '' && block.has(value);
    }
    case 'exists': return (value) => (value !== '') === test.expected;
    case 'absent': return (value) => value === '';
    case 'compare': {
      const compare = comparators[test.comparison];
      return (value) => decimal.test(value) && compare(Number(value), test.value);
    }
    case 'field': return compileFieldReference(test.field, test.anchor);
    case 'time': return () => false;
  }
}

function compileFieldReference(field: Field, anchor: 'whole' | 'contains' | 'startswith' | 'endswith'): TextTest {
  const holds = (value: string, other: string): boolean => {
    const a = value.toLowerCase();
    const b = other.toLowerCase();
    return anchor === 'whole' ? a === b : anchor === 'contains' ? a.includes(b) : anchor === 'startswith' ? a.startsWith(b) : a.endsWith(b);
  };
  if (field.type === 'texts') {
    const read = textsReader(field);
    return (value, record, observable) => read(record, observable).some((other) => holds(value, other));
  }
  const read: FieldReader<string> = field.type === 'number' ? numberAsText(field) : textReader(field);
  return (value, record, observable) => {
    const other = read(record, observable);
    return other !== '' && holds(value, other);
  };
}

function numberAsText(field: Field): FieldReader<string> {
  const read = numberReader(field);
  return (record, observable) => String(read(record, observable));
}

/** Whether keywords occur anywhere in the record's texts from the traffic or log. */
function compileKeyword(quantifier: 'any' | 'all', tests: readonly ValueTest[]): Predicate {
  if (quantifier === 'all') return compileList(tests.map((test) => compileKeyword('any', [test])), 'all');
  const test = anyTextTest(tests);
  return (record, observable) => {
    for (const name of keywordTextFields) {
      const value = record[name] as string;
      if (value !== '' && test(value, record, observable)) return true;
    }
    for (const name of keywordListFields) for (const value of record[name] as string[]) if (test(value, record, observable)) return true;
    return false;
  };
}
