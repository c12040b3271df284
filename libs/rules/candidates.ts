import { flowFields } from '#flow';
import type { Expression, ValueTest } from './expression.ts';
import type { Field } from './fields.ts';

/** A field whose single values can be looked up. */
export type KeyField = Exclude<Field, { type: 'observables' }>;

/** A value that a field must have: text in lower case, or a number. */
export interface CandidateKey {
  field: KeyField;
  value: string | number;
}

/** Fields in which nearly all records have one of two or three values. */
const nearlyConstant: ReadonlySet<string> = new Set([
  'network.transport', 'network.type', 'telltale.flow.state', 'telltale.flow.sequence', 'telltale.encryption.verdict',
  'telltale.observable.visibility', 'telltale.observable.sender',
]);

/**
 * Keys of which at least one must hold for the expression to hold; undefined when it requires no value.
 * Used to find the rules worth evaluating: a rule whose keys all fail cannot match.
 */
export function candidateKeys(expression: Expression): CandidateKey[] | undefined {
  switch (expression.type) {
    case 'search': return candidateKeys(expression.operand);
    case 'and': return expression.operands.map(candidateKeys).reduce(better, undefined);
    case 'or': {
      const all: CandidateKey[] = [];
      for (const operand of expression.operands) {
        const keys = candidateKeys(operand);
        if (!keys) return undefined;
        all.push(...keys);
      }
      return all;
    }
    case 'field': return fieldKeys(expression.field, expression.quantifier, expression.tests);
    case 'not': case 'keyword': case 'unknown': return undefined;
  }
}

function fieldKeys(field: Field, quantifier: 'any' | 'all', tests: readonly ValueTest[]): CandidateKey[] | undefined {
  if (field.type === 'observables' || field.of === 'computed' || (field.of === 'observable' && field.type === 'number')) return undefined;
  const keys: CandidateKey[] = [];
  for (const test of tests) {
    const value = test.op === 'number' ? test.value : test.op === 'text' ? test.literal?.toLowerCase() : undefined;
    const usable = field.type === 'number' ? typeof value === 'number' : typeof value === 'string' && value !== '';
    if (usable && quantifier === 'all') return [{ field, value: value! }];
    if (usable) keys.push({ field, value: value! });
    else if (quantifier === 'any') return undefined;
  }
  return quantifier === 'any' ? keys : undefined;
}

function better(a: CandidateKey[] | undefined, b: CandidateKey[] | undefined): CandidateKey[] | undefined {
  if (!a || !b) return a ?? b;
  return cost(b) < cost(a) ? b : a;
}

function cost(keys: readonly CandidateKey[]): number {
  return keys.reduce((sum, { field }) => sum + keyCost(field), 0);
}

/** A guess at how many records a value of the field finds: the fewer values a field has, the more. */
function keyCost(field: KeyField): number {
  if (nearlyConstant.has(field.name)) return 10_000;
  if (field.of === 'observable') return 1;
  if (field.of === 'record' && 'lowCardinality' in flowFields[field.name]) return 100;
  return field.type === 'number' ? 10 : 1;
}
