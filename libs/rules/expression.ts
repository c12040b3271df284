import type { Cidr } from '#geo';
import type { Field } from './fields.ts';
import type { Pattern } from './pattern.ts';

export type Comparison = 'lt' | 'lte' | 'gt' | 'gte';

/** A test of one value of a field. */
export type ValueTest =
  /** `literal` is the pattern's text when it has no wildcard. Without `cased` both are in lower case. */
  | { op: 'text'; pattern: Pattern; literal: string | undefined; cased: boolean }
  | { op: 'number'; value: number }
  | { op: 'compare'; comparison: Comparison; value: number }
  | { op: 'regex'; regex: RegExp }
  | { op: 'cidr'; block: Cidr }
  | { op: 'exists'; expected: boolean }
  /** `null`: the field is absent. */
  | { op: 'absent' }
  /** The value of another field of the same record. */
  | { op: 'field'; field: Field; anchor: 'whole' | 'contains' | 'startswith' | 'endswith' };

/** What a rule asks of a record, its condition and searches put together. */
export type Expression =
  | { type: 'and' | 'or'; operands: Expression[] }
  | { type: 'not'; operand: Expression }
  /** A search by its name in the rule. */
  | { type: 'search'; name: string; operand: Expression }
  /** `any`: one of the tests holds. `all`: each of them holds. */
  | { type: 'field'; field: Field; quantifier: 'any' | 'all'; tests: ValueTest[] }
  /** Some text field of the record passes. */
  | { type: 'keyword'; quantifier: 'any' | 'all'; tests: ValueTest[] };
