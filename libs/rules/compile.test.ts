import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFlowRecord, type FlowRecord, type Observable } from '#flow';
import { compileRules } from './compile.ts';
import type { Expression, ValueTest } from './expression.ts';
import { recordField } from './fields.ts';
import { compileExpression } from './predicate.ts';
import type { Rule } from './rule.ts';

const texts = ['', 'a', 'b', 'C'];
const text = (value: string): ValueTest => ({ op: 'text', pattern: [value], literal: value.toLowerCase(), cased: false });
const fieldTest = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('network.protocol', 'destination.domain', 'dns.resolved_ip', 'telltale.observable.kind', 'telltale.observable.path'),
      fc.subarray(texts, { minLength: 1 }),
      fc.constantFrom('any', 'all'),
    )
    .map(([name, values, quantifier]) => ({ type: 'field', field: recordField(name)!, quantifier, tests: values.map(text) }) as Expression),
  fc
    .tuple(fc.constantFrom('destination.port', 'telltale.observable.confidence'), fc.integer({ min: 0, max: 2 }), fc.boolean())
    .map(
      ([name, value, compare]) =>
        ({
          type: 'field',
          field: recordField(name)!,
          quantifier: 'any',
          tests: [compare ? { op: 'compare', comparison: 'gte', value } : { op: 'number', value }],
        }) as Expression,
    ),
);
const expression = fc.letrec<{ node: Expression }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fieldTest,
    tie('node').map((operand): Expression => ({ type: 'not', operand })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('node'), { maxLength: 3 }))
      .map(([type, operands]): Expression => ({ type, operands })),
  ),
})).node;

const record = fc.record({
  'network.protocol': fc.constantFrom(...texts), 'destination.domain': fc.constantFrom(...texts), 'destination.port': fc.integer({ min: 0, max: 2 }),
  'dns.resolved_ip': fc.subarray(['a', 'b', 'C']),
  'telltale.observables': fc.array(
    fc.record({ kind: fc.constantFrom(...texts), path: fc.constantFrom(...texts), confidence: fc.integer({ min: 0, max: 2 }) }),
    { maxLength: 3 },
  ) as fc.Arbitrary<Observable[]>,
}).map((fields) => Object.assign(createFlowRecord(), fields));

function ruleOf(node: Expression, number: number): Rule {
  return { id: String(number), expression: node, readsObservable: JSON.stringify(node).includes('"of":"observable"') } as Rule;
}

/** What each rule says without any index. */
function expected(rules: readonly Rule[], flow: FlowRecord): [string, Observable[]][] {
  return rules.flatMap((rule): [string, Observable[]][] => {
    const predicate = compileExpression(rule.expression);
    if (!rule.readsObservable) return predicate(flow, undefined) ? [[rule.id, []]] : [];
    const observables = flow['telltale.observables'].filter((observable) => predicate(flow, observable));
    return observables.length > 0 ? [[rule.id, observables]] : [];
  });
}

test('the plan finds exactly the rules that match when each is evaluated on its own', () => {
  fc.assert(fc.property(fc.array(expression, { minLength: 1, maxLength: 8 }), fc.array(record, { minLength: 1, maxLength: 4 }), (nodes, flows) => {
    const rules = nodes.map(ruleOf);
    const plan = compileRules(rules);
    for (const flow of flows) {
      const found: [string, Observable[]][] = [];
      plan.evaluate(flow, (rule, observables) => found.push([rule.id, [...observables]]));
      found.sort(([a], [b]) => Number(a) - Number(b));
      assert.deepEqual(found, expected(rules, flow));
    }
  }), { numRuns: 3_000 });
});

test('a rule that requires a value is not evaluated for records without it', () => {
  const kinds = Array.from({ length: 1_000 }, (_, i) => `kind_${i}`);
  const rules = kinds.map((kind, i) => ruleOf({ type: 'and', operands: [
    { type: 'field', field: recordField('network.transport')!, quantifier: 'any', tests: [text('udp')] },
    { type: 'not', operand: { type: 'field', field: recordField('network.protocol')!, quantifier: 'any', tests: [text('dns')] } },
    { type: 'field', field: recordField('telltale.observable.kind')!, quantifier: 'any', tests: [text(kind)] },
  ] }, i));
  const plan = compileRules(rules);
  assert.equal(plan.unindexed, 0);
  const flow = Object.assign(createFlowRecord(), { 'network.transport': 'udp', 'telltale.observables': [{ kind: 'kind_7' } as Observable] });
  const found: string[] = [];
  plan.evaluate(flow, (rule) => found.push(rule.id));
  assert.deepEqual(found, ['7']);
});
