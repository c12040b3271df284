import type { Cidr } from '#geo';
import type { Field } from './fields.ts';
import type { Pattern } from './pattern.ts';

export type Comparison = 'lt' | 'lte' | 'gt' | 'gte';
export type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

/** A test of one value of a field. */
export type ValueTest =
  /** `literal` is the pattern's text when it has no wildcard. Without `cased` both are in lower case. */
  | { op: 'text'; pattern: Pattern; literal: string | undefined; cased: boolean }
  | { op: 'number'; value: number }
  | { op: 'compare'; comparison: Comparison; value: number }
  /** A part of a time in UTC, as a number. */
  | { op: 'time'; part: TimePart; comparison: Comparison | 'eq'; value: number }
  | { op: 'regex'; regex: RegExp }
  /** `network` is the block's address, as written. */
  | { op: 'cidr'; block: Cidr; network: string }
  | { op: 'exists'; expected: boolean }
  /** `null`: the field is absent. */
  | { op: 'absent' }
  /** The value of another field of the same record. */
  | { op: 'field'; field: Field; anchor: 'whole' | 'contains' | 'startswith' | 'endswith' };

/** What a rule asks of a record: its condition with the searches inserted. */
export type Expression =
  | { type: 'and' | 'or'; operands: Expression[] }
  | { type: 'not'; operand: Expression }
  /** A search by its name in the rule. */
  | { type: 'search'; name: string; operand: Expression }
  /** `any`: one of the tests holds. `all`: each of them holds. */
  | { type: 'field'; field: Field; quantifier: 'any' | 'all'; tests: ValueTest[] }
  /** Some text field of the record passes. */
  | { type: 'keyword'; quantifier: 'any' | 'all'; tests: ValueTest[] }
  /** A part that records cannot answer, and why; {@link answerable} removes it before a rule runs. */
  | { type: 'unknown'; reason: string };

/** Several expressions as one; a single one is itself. */
export function combined(type: 'and' | 'or', operands: Expression[]): Expression {
  return operands.length === 1 ? operands[0]! : { type, operands };
}

/**
 * The part of an expression that records can answer. Whatever it finds, the whole expression would find too, however its unknown parts
 * turned out: an unknown alternative is left out, and an unknown requirement or exclusion leaves nothing (undefined).
 */
export function answerable(expression: Expression, negated = false): Expression | undefined {
  switch (expression.type) {
    case 'unknown': return undefined;
    case 'field': case 'keyword': return expression;
    case 'not': case 'search': {
      const operand = answerable(expression.operand, negated !== (expression.type === 'not'));
      return operand && { ...expression, operand };
    }
    case 'and': case 'or': {
      if (expression.operands.length === 0) return expression;
      const operands = expression.operands.map((operand) => answerable(operand, negated));
      const known = operands.filter((operand) => operand !== undefined);
      const mayLack = (expression.type === 'or') !== negated;
      return known.length === operands.length || (mayLack && known.length > 0) ? { type: expression.type, operands: known } : undefined;
    }
  }
}

/** Why parts of an expression are unknown, each reason once. */
export function unknownParts(expression: Expression): string[] {
  switch (expression.type) {
    case 'unknown': return [expression.reason];
    case 'field': case 'keyword': return [];
    case 'not': case 'search': return unknownParts(expression.operand);
    case 'and': case 'or': return [...new Set(expression.operands.flatMap(unknownParts))];
  }
}

/** Whether it names an observable field, so that it is evaluated for each observable on its own. */
export function readsObservable(expression: Expression): boolean {
  switch (expression.type) {
    case 'and': case 'or': return expression.operands.some(readsObservable);
    case 'not': case 'search': return readsObservable(expression.operand);
    case 'keyword': case 'unknown': return false;
    case 'field': return expression.field.of === 'observable'
      || expression.tests.some((test) => test.op === 'field' && test.field.of === 'observable');
  }
}
