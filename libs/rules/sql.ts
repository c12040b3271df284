import { columnOf, createFlowRecord, flowFields } from '#flow';
import type { Expression, ValueTest } from './expression.ts';
import { keywordListFields, keywordTextFields, observableNames, textsColumn, type Field } from './fields.ts';
import { anyOne, anyRun, literalOf, type Pattern } from './pattern.ts';
import { compileExpression, decimal } from './predicate.ts';
import { regexSubjectLimit, writtenOffset } from './regex.ts';
import { evaluability } from './rule-reader.ts';
import type { Rule } from './rule.ts';
import { NotInRe2, re2Of } from './sql-regex.ts';
import { joined, quoted } from './sql-text.ts';

/** A rule as a condition on the table of flows. */
export interface RuleSql {
  /** `whole`: it selects exactly the rows that the rule matches. `part`: it misses some. `no`: it selects none. */
  readonly convertible: Rule['evaluable'];
  /** A condition in ClickHouse's SQL. */
  readonly condition: string;
  /** SQL of the array of indexes (from 1) of the observables that match; undefined when the rule names no observable field. */
  readonly observables: string | undefined;
  /** What is left out, and why. */
  readonly gaps: readonly string[];
}

/** Arguments of the lambda over observables. */
const lambdaArguments = observableNames.map((name) => `telltale_observables.${name}`).join(', ');

/**
 * Translates a rule to SQL over stored flows, with the meaning that it has in the stream. What ClickHouse cannot do is left out like
 * something that records cannot answer: whatever is still selected, the whole rule would select too.
 */
export function ruleSql(rule: Pick<Rule, 'expression' | 'evaluable' | 'gaps' | 'readsObservable'>): RuleSql {
  const { expression, evaluable, gaps } = evaluability(withoutRefused(rule.expression));
  const all = [...rule.gaps, ...gaps];
  const convertible = rule.evaluable === 'no' || evaluable === 'no' ? 'no' : all.length > 0 ? 'part' : 'whole';
  if (convertible === 'no') return { convertible, condition: '0', observables: undefined, gaps: all };
  const sql = sqlOf(expression);
  if (!rule.readsObservable) return { convertible, condition: sql, observables: undefined, gaps: all };
  return {
    convertible, gaps: all,
    condition: `arrayExists((${observableNames.join(', ')}) -> ${sql}, ${lambdaArguments})`,
    observables: `arrayFilter((i, ${observableNames.join(', ')}) -> ${sql}, arrayEnumerate(telltale_observables.kind), ${lambdaArguments})`,
  };
}

/** The expression with tests that ClickHouse cannot do as unknown parts. */
function withoutRefused(expression: Expression): Expression {
  switch (expression.type) {
    case 'and': case 'or': return { type: expression.type, operands: expression.operands.map(withoutRefused) };
    case 'not': case 'search': return { ...expression, operand: withoutRefused(expression.operand) };
    case 'unknown': return expression;
    case 'field': case 'keyword': {
      const refused = new Map(expression.tests.flatMap((test) => {
        const reason = refusal(test);
        return reason === undefined ? [] : [[test, reason] as const];
      }));
      if (refused.size === 0) return expression;
      const tests = expression.tests.filter((test) => !refused.has(test));
      const name = expression.type === 'field' ? expression.field.name : 'any text';
      const unknown = [...refused.values()].map((reason): Expression => ({ type: 'unknown', reason: `${name}: ${reason}` }));
      return { type: expression.quantifier === 'any' ? 'or' : 'and', operands: tests.length > 0 ? [{ ...expression, tests }, ...unknown] : unknown };
    }
  }
}

function refusal(test: ValueTest): string | undefined {
  if (test.op !== 'regex') return undefined;
  try {
    re2Of(test.regex);
    return undefined;
  } catch (error) {
    if (!(error instanceof NotInRe2)) throw error;
    return `the regular expression cannot be written in SQL at character ${writtenOffset(test.regex, error.offset) + 1}: ClickHouse does `
      + `not support ${error.message}`;
  }
}

function sqlOf(expression: Expression): string {
  switch (expression.type) {
    case 'search': return sqlOf(expression.operand);
    case 'not': return `NOT ${bracketed(sqlOf(expression.operand))}`;
    case 'and': case 'or': return joined(expression.type === 'and' ? 'AND' : 'OR', expression.operands.map(sqlOf));
    case 'unknown': return '0';
    case 'field': case 'keyword': {
      if (expression.quantifier === 'any') return testsSql(expression, expression.tests);
      return joined('AND', expression.tests.map((test) => testsSql(expression, [test])));
    }
  }
}

function bracketed(sql: string): string {
  return sql.startsWith('(') && sql.endsWith(')') ? sql : `(${sql})`;
}

/** SQL for: any of the tests holds. */
function testsSql(expression: Extract<Expression, { type: 'field' | 'keyword' }>, tests: readonly ValueTest[]): string {
  if (expression.type === 'keyword') return `arrayExists(text -> text != '' AND ${anyText('text', tests)}, ${everyText})`;
  const { field } = expression;
  switch (field.type) {
    case 'text':
      return anyText(columnSql(field), tests);
    case 'number':
      return anyNumber(field, tests);
    case 'observables':
      return tests.some((test) => test.op === 'exists' && test.expected) ? 'notEmpty(telltale_observables.kind)' : 'empty(telltale_observables.kind)';
    case 'texts': {
      const list = textsColumn(field);
      // An empty list is an absent field, for which the tests may hold too.
      const ofAbsent = compileExpression({ ...expression, quantifier: 'any', tests: [...tests] })(absent, undefined);
      return `arrayExists(text -> ${anyText('text', tests)}, ${ofAbsent ? `if(empty(${list}), [''], ${list})` : list})`;
    }
  }
}

const absent = createFlowRecord();
const everyTextField = keywordTextFields.map((name) => `toString(${columnOf(name)})`).join(', ');
const everyText = `arrayConcat([${everyTextField}], ${keywordListFields.map(columnOf).join(', ')})`;

/** The column of a field, or the argument of the lambda over observables. Times are microseconds. */
function columnSql(field: Field): string {
  if (field.of === 'observable') return field.key;
  const column = columnOf(field.name);
  return field.of === 'record' && flowFields[field.name].type === 'micros' ? `toUnixTimestamp64Micro(${column})` : column;
}

const operators = { lt: '<', lte: '<=', gt: '>', gte: '>=', eq: '=' } as const;
const partFunctions = { minute: 'toMinute', hour: 'toHour', day: 'toDayOfMonth', week: 'toISOWeek', month: 'toMonth', year: 'toYear' } as const;

function anyNumber(field: Field, tests: readonly ValueTest[]): string {
  const column = columnSql(field);
  const values = tests.filter((test) => test.op === 'number').map(({ value }) => value);
  const alternatives = values.length === 0 ? [] : [values.length === 1 ? `${column} = ${values[0]}` : `${column} IN (${values.join(', ')})`];
  for (const test of tests) {
    switch (test.op) {
      case 'number': break;
      case 'compare': alternatives.push(`${column} ${operators[test.comparison]} ${test.value}`); break;
      case 'time': {
        const part = `${partFunctions[test.part]}(${columnOf(field.name)})`;
        alternatives.push(`(${column} != 0 AND ${part} ${operators[test.comparison]} ${test.value})`);
        break;
      }
      case 'exists': case 'absent': alternatives.push(`${column} ${test.op === 'exists' && test.expected ? '!=' : '='} 0`); break;
      default:
        if (test.op === 'field' && test.field.type === 'number' && test.anchor === 'whole') alternatives.push(`${column} = ${columnSql(test.field)}`);
        else alternatives.push(anyText(`toString(${column})`, [test]));
    }
  }
  return joined('OR', alternatives);
}

/** SQL for: any of the tests holds for the text `value`. */
function anyText(value: string, tests: readonly ValueTest[]): string {
  const exact = tests.flatMap((test) => (test.op === 'text' && !test.cased && test.literal !== undefined ? [quoted(test.literal)] : []));
  const lower = `lowerUTF8(${value})`;
  const alternatives = exact.length === 0 ? [] : [exact.length === 1 ? `${lower} = ${exact[0]}` : `${lower} IN (${exact.join(', ')})`];
  for (const test of tests) if (test.op !== 'text' || test.cased || test.literal === undefined) alternatives.push(textSql(value, test));
  return joined('OR', alternatives);
}

function textSql(value: string, test: ValueTest): string {
  switch (test.op) {
    case 'text': return patternSql(test.cased ? value : `lowerUTF8(${value})`, test.pattern);
    case 'number': return `${value} = ${quoted(String(test.value))}`;
    case 'regex': return `match(leftUTF8(${value}, ${regexSubjectLimit}), ${quoted(re2Of(test.regex))})`;
    case 'cidr': return cidrSql(value, test);
    case 'exists': return `${value} ${test.expected ? '!=' : '='} ''`;
    case 'absent': return `${value} = ''`;
    case 'compare': return `(match(${value}, ${quoted(decimal.source)}) AND toFloat64OrZero(${value}) ${operators[test.comparison]} ${test.value})`;
    case 'field': return referenceSql(value, test.field, test.anchor);
    case 'time': return '0';
  }
}

function patternSql(value: string, pattern: Pattern): string {
  const literal = literalOf(pattern);
  if (literal !== undefined) return `${value} = ${quoted(literal)}`;
  const [first, second, third] = pattern;
  if (pattern.length === 1 && first === anyRun) return '1';
  if (pattern.length === 2 && first === anyRun && typeof second === 'string') return `endsWith(${value}, ${quoted(second)})`;
  if (pattern.length === 2 && second === anyRun && typeof first === 'string') return `startsWith(${value}, ${quoted(first)})`;
  if (pattern.length === 3 && first === anyRun && third === anyRun && typeof second === 'string') return `position(${value}, ${quoted(second)}) > 0`;
  const like = pattern.map((part) => (part === anyRun ? '%' : part === anyOne ? '_' : String(part).replace(/[\\%_]/g, '\\$&'))).join('');
  return `${value} LIKE ${quoted(like)}`;
}

/** Addresses are compared as numbers, since ClickHouse's own function fails for a text that is no address. */
function cidrSql(value: string, { block }: Extract<ValueTest, { op: 'cidr' }>): string {
  if (block.family === 4) return `(isIPv4String(${value}) AND toUInt32(toIPv4OrDefault(${value})) BETWEEN ${block.first} AND ${block.last})`;
  const address = `replaceRegexpOne(${value}, '%.*', '')`;
  const [first, last] = [block.first, block.last].map((bound) => `toIPv6(${quoted(ipv6Text(bound))})`);
  return `(isIPv6String(${address}) AND toIPv6OrDefault(${address}) BETWEEN ${first} AND ${last})`;
}

function ipv6Text(address: bigint): string {
  return address.toString(16).padStart(32, '0').replace(/.{4}(?!$)/g, '$&:');
}

function referenceSql(value: string, field: Field, anchor: Extract<ValueTest, { op: 'field' }>['anchor']): string {
  const a = `lowerUTF8(${value})`;
  const holds = (other: string): string => {
    const b = `lowerUTF8(${other})`;
    return anchor === 'whole'
      ? `${a} = ${b}`
      : anchor === 'contains'
        ? `position(${a}, ${b}) > 0`
        : `${anchor === 'startswith' ? 'startsWith' : 'endsWith'}(${a}, ${b})`;
  };
  if (field.type === 'texts') return `arrayExists(other -> ${holds('other')}, ${textsColumn(field)})`;
  if (field.type === 'number') return holds(`toString(${columnSql(field)})`);
  return `(${columnSql(field)} != '' AND ${holds(columnSql(field))})`;
}
