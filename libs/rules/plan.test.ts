import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFlowRecord, flowFields, type FlowField, type FlowRecord, type Observable } from '#flow';
import { parseAddress } from '#geo';
import { compileRules } from './compile.ts';
import { readsObservable, type Expression } from './expression.ts';
import { parseFieldTest } from './field-test.ts';
import { recordField } from './fields.ts';
import type { Rule } from './rule.ts';

/** A test of one field as written in a rule, already taken apart so that the oracle below needs no parser. */
interface Written {
  field: string;
  how: 'whole' | 'contains' | 'startswith' | 'endswith' | 're' | 'cidr' | 'exists' | 'gte' | 'lt' | 'fieldref';
  cased: boolean;
  all: boolean;
  values: (string | number | boolean)[];
}
type Tree = { type: 'and'; operands: Tree[] } | { type: 'or'; operands: Tree[] } | { type: 'not'; operand: Tree } | { type: 'test'; test: Written };

const texts = ['Abcd', 'abcde', 'bcd', 'ab', 'b', 'cdab', 'é-abc', 'Éab', 'K', 'ΑΣ', 'zz.example.com', '.example.com', 'example', 'xΑΣΑ'];
const addresses = ['10.1.2.3', '10.9.0.1', '192.0.2.7', '2001:db8::7', 'fe80::1', 'none'];
const text = fc.constantFrom(...texts);
const values = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { minLength: 1, maxLength: 3 });
const textField = fc.constantFrom(
  'destination.domain',
  'network.protocol',
  'user_agent.original',
  'dns.resolved_ip',
  'telltale.observable.kind',
  'telltale.observable.path',
  'url.original',
  'url.path',
  '',
);
const written: fc.Arbitrary<Written> = fc.oneof(
  fc.record({
    field: textField, how: fc.constantFrom('whole', 'contains', 'startswith', 'endswith'), cased: fc.boolean(), all: fc.boolean(),
    values: values(fc.oneof(text, text.map((one) => `${one.slice(0, 1)}*${one.slice(2)}`), text.map((one) => `?${one.slice(1)}`))),
  }),
  fc.record({
    field: textField, how: fc.constant('re'), cased: fc.constant(false), all: fc.boolean(),
    values: values(fc.constantFrom('bcd', '^ab', '(ab|cd)+', '(Ab|b)c?', '[a-c]{2,}$', 'x?', 'example\\.com$', '(?i)EXAMPLE', 'ab.*e')),
  }),
  fc.record({
    field: fc.constantFrom('source.ip', 'dns.resolved_ip'), how: fc.constant('cidr'), cased: fc.constant(false), all: fc.boolean(),
    values: values(fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '2001:db8::/32', '::/0', '192.0.2.7', 'fe80::/10')),
  }),
  fc.record({
    field: fc.constantFrom('destination.domain', 'dns.resolved_ip', 'destination.port', 'telltale.observable.kind'),
    how: fc.constant('exists'), cased: fc.constant(false), all: fc.constant(false), values: values(fc.boolean()),
  }),
  fc.record({
    field: fc.constantFrom('destination.port', 'telltale.observable.confidence'), how: fc.constantFrom('whole', 'gte', 'lt'),
    cased: fc.constant(false), all: fc.boolean(), values: values(fc.integer({ min: 0, max: 3 })),
  }),
  fc.record({
    field: fc.constantFrom('destination.domain', 'dns.resolved_ip'), how: fc.constant('fieldref'), cased: fc.constant(false),
    all: fc.boolean(), values: values(fc.constantFrom('user_agent.original', 'network.protocol')),
  }),
) as fc.Arbitrary<Written>;
const tree = fc.letrec<{ node: Tree }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    written.map((one): Tree => ({ type: 'test', test: one })),
    tie('node').map((operand): Tree => ({ type: 'not', operand })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('node'), { minLength: 1, maxLength: 3 }))
      .map(([type, operands]) => ({ type, operands }) as Tree),
  ),
})).node;

const record = fc.record({
  'network.protocol': fc.oneof(text, fc.constant('')), 'destination.domain': fc.oneof(text, fc.constant('')),
  'user_agent.original': fc.oneof(text, fc.tuple(text, text).map((two) => two.join(' '))),
  'url.path': fc.oneof(text, fc.constant('')), 'url.query': fc.constantFrom('', 'abcd', 'x'), 'url.domain': fc.constantFrom('', 'example.com'),
  'source.ip': fc.constantFrom(...addresses), 'destination.port': fc.integer({ min: 0, max: 3 }),
  'dns.resolved_ip': fc.subarray([...addresses, 'Abcd', 'ab']),
  'telltale.observables': fc.array(
    fc.record({
      kind: fc.oneof(text, fc.constant('')), path: text, encoding: fc.constant(''), visibility: fc.constant('cleartext'),
      sender: fc.constant('source'), confidence: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 2 },
  ) as fc.Arbitrary<Observable[]>,
}).map((fields) => Object.assign(createFlowRecord(), fields));

function toExpression(node: Tree): Expression {
  if (node.type === 'not') return { type: 'not', operand: toExpression(node.operand) };
  if (node.type !== 'test') return { type: node.type, operands: node.operands.map(toExpression) };
  const { field, how, cased, all, values: list } = node.test;
  const key = [field, ...(how === 'whole' ? [] : [how]), ...(cased ? ['cased'] : []), ...(all ? ['all'] : [])].join('|');
  return parseFieldTest(key, list.map((value) => ({ value, source: String(value) })), recordField);
}

/** The oracle: the language's meaning, without any plan, predicate or pattern of the library. */
function holds(node: Tree, flow: FlowRecord, observable: Observable | undefined): boolean {
  if (node.type === 'not') return !holds(node.operand, flow, observable);
  if (node.type === 'and') return node.operands.every((one) => holds(one, flow, observable));
  if (node.type === 'or') return node.operands.some((one) => holds(one, flow, observable));
  const { field, how, cased, all, values: list } = node.test;
  const of = (name: string): (string | number)[] => {
    if (name === '')
      return (Object.keys(flowFields) as FlowField[])
        .filter((one) => ['string', 'strings'].includes(flowFields[one].type))
        .flatMap((one) => flow[one] as string | string[])
        .filter((one) => one !== '');
    if (name === 'url.original') {
      const target = flow['url.path'] + (flow['url.query'] && `?${flow['url.query']}`);
      return target === '' ? [] : flow['url.domain'] === '' ? [target] : [target, `http://${flow['url.domain']}${target}`];
    }
    const value = name.startsWith('telltale.observable.')
      ? (observable?.[name.slice(20) as 'kind'] ?? (name.endsWith('confidence') ? 0 : ''))
      : (flow[name as FlowField] as string | number | string[]);
    return Array.isArray(value) ? value : [value];
  };
  const found = of(field);
  const one = (value: string | number, wanted: string | number | boolean): boolean => {
    switch (how) {
      case 'exists': return (value !== '' && value !== 0) === wanted;
      case 'gte': return Number(value) >= Number(wanted);
      case 'lt': return Number(value) < Number(wanted);
      case 're': return new RegExp(String(wanted).replace('(?i)', ''), String(wanted).startsWith('(?i)') ? 'i' : '').test(String(value));
      case 'cidr': return inBlock(String(value), String(wanted));
      case 'fieldref': return of(String(wanted)).some((other) => other !== '' && String(other).toLowerCase() === String(value).toLowerCase());
      default: {
        if (typeof value === 'number') return value === wanted;
        const anchor = field === '' && how === 'whole' ? 'contains' : how;
        const fold = (given: string): string => (cased ? given : given.toLowerCase());
        const body = [...fold(String(wanted))]
          .map((char) => (char === '*' ? '[^]*' : char === '?' ? '[^]' : char.replace(/[.\-^$+(){}|[\]\\/]/g, '\\$&')))
          .join('');
        return new RegExp(
          `^${anchor === 'contains' || anchor === 'endswith' ? '[^]*' : ''}${body}${anchor === 'contains' || anchor === 'startswith' ? '[^]*' : ''}$`,
        ).test(fold(value));
      }
    }
  };
  const wantedHolds = (wanted: string | number | boolean): boolean =>
    found.length === 0 && field !== '' ? one('', wanted) : found.some((value) => one(value, wanted));
  return all ? list.every(wantedHolds) : list.some(wantedHolds);
}

function inBlock(address: string, block: string): boolean {
  const bits = (given: string): string => {
    const words = new Uint32Array(4);
    const family = parseAddress(given, words);
    return family === 0
      ? ''
      : `${family}${Array.from(words.subarray(0, family === 4 ? 1 : 4), (word) => word.toString(2).padStart(32, '0')).join('')}`;
  };
  const [network, length] = block.split('/');
  const whole = bits(network!);
  return bits(address).startsWith(length === undefined ? whole : whole.slice(0, 1 + Number(length)));
}

test('the plan finds exactly the rules that match by the letter of the language', () => {
  let matches = 0;
  fc.assert(fc.property(fc.array(tree, { minLength: 1, maxLength: 12 }), fc.array(record, { minLength: 1, maxLength: 4 }), (trees, flows) => {
    const rules = trees.map((node, i) => {
      const expression = toExpression(node);
      return { id: String(i), expression, readsObservable: readsObservable(expression) } as Rule;
    });
    const plan = compileRules(rules);
    for (const flow of flows) {
      const found = new Map<number, readonly Observable[]>();
      plan.evaluate(flow, (rule, observables) => found.set(Number(rule.id), [...observables]));
      for (const [i, node] of trees.entries()) {
        const observables = flow['telltale.observables'].filter((observable) => holds(node, flow, observable));
        const expected = rules[i]!.readsObservable ? observables.length > 0 : holds(node, flow, undefined);
        assert.equal(found.has(i), expected, JSON.stringify(node));
        if (rules[i]!.readsObservable && expected) assert.deepEqual(found.get(i), observables);
        matches += expected ? 1 : 0;
      }
    }
  }), { numRuns: 1_000 });
  assert.ok(matches > 3_000, `only ${matches} matches: the property says little`);
});

test('rules that require a text, a block, a keyword or a literal of a regular expression are not evaluated for other records', () => {
  const tests: Written[] = Array.from({ length: 200 }, (_, i): Written[] => [
    { field: 'destination.domain', how: 'endswith', cased: false, all: false, values: [`.host${i}.example`] },
    { field: 'user_agent.original', how: 'contains', cased: true, all: false, values: [`Agent${i}/`] },
    { field: 'source.ip', how: 'cidr', cased: false, all: false, values: [`10.${i}.0.0/16`] },
    { field: 'url.original', how: 're', cased: false, all: false, values: [`^/v\\d+/path${i}(\\?|$)`] },
    { field: '', how: 'whole', cased: false, all: false, values: [`keyword-${i}.`] },
  ]).flat();
  const plan = compileRules(
    tests.map((one, i) => ({ id: String(i), expression: toExpression({ type: 'test', test: one }), readsObservable: false }) as Rule),
  );
  assert.equal(plan.unindexed, 0);
  const found: string[] = [];
  const flow = Object.assign(createFlowRecord(), {
    'destination.domain': 'a.HOST7.example',
    'user_agent.original': 'Agent8/1',
    'source.ip': '10.9.1.1',
    'url.path': '/v1/path10',
    'url.query': 'x=Keyword-11.',
  });
  plan.evaluate(flow, ({ id }) => found.push(id));
  assert.deepEqual(found.map(Number).sort((a, b) => a - b), [35, 41, 47, 53, 54 + 5]);
});
