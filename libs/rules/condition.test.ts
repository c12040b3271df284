import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConditionError, parseCondition, type Condition } from './condition.ts';

const names = ['a', 'b', 'sel_1', 'filter-x', 'order', 'notes'];

/** A condition in words, from its tree; parentheses only where they are needed, or where `extra` asks for them. */
function print(condition: Condition, extra: () => boolean, parent: 'or' | 'and' | 'not' | 'top' = 'top'): string {
  const text = ((): string => {
    switch (condition.type) {
      case 'search': return condition.name;
      case 'quantified': return `${condition.quantifier === 'one' ? '1' : 'all'} of ${condition.pattern}`;
      case 'not': return `not ${print(condition.operand, extra, 'not')}`;
      case 'and': case 'or':
        return condition.operands.map((operand) => print(operand, extra, condition.type as 'and' | 'or')).join(` ${condition.type} `);
    }
  })();
  const binding = { top: 0, or: 1, and: 2, not: 3 };
  const own = condition.type === 'or' || condition.type === 'and' || condition.type === 'not' ? binding[condition.type] : 4;
  // A chain inside an equal chain would be read as one.
  return own < binding[parent] || (own === binding[parent] && parent !== 'not') || extra() ? `(${text})` : text;
}

const tree = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(...names).map((name): Condition => ({ type: 'search', name, offset: 0 })),
    fc
      .tuple(fc.constantFrom('one' as const, 'all' as const), fc.constantFrom('them', 'sel*', 'filter_?'))
      .map(([quantifier, pattern]): Condition => ({ type: 'quantified', quantifier, pattern, offset: 0 })),
    tie('condition').map((operand): Condition => ({ type: 'not', operand })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('condition'), { minLength: 2, maxLength: 4 }))
      .map(([type, operands]): Condition => ({ type, operands })),
  ),
})).condition;

function withoutOffsets(condition: Condition): Condition {
  switch (condition.type) {
    case 'search': case 'quantified': return { ...condition, offset: 0 };
    case 'not': return { type: 'not', operand: withoutOffsets(condition.operand) };
    case 'and': case 'or': return { type: condition.type, operands: condition.operands.map(withoutOffsets) };
  }
}

test('conditions: reading what was printed gives the same tree', () => {
  fc.assert(fc.property(tree, fc.infiniteStream(fc.boolean()), (condition, extra) => {
    const text = print(condition, () => extra.next().value!);
    assert.deepEqual(withoutOffsets(parseCondition(text)), condition, text);
  }), { numRuns: 3_000 });
});

test('conditions: any text is read or refused with a place inside it', () => {
  const word = fc.constantFrom('and', 'or', 'not', '(', ')', '1', 'of', 'all', 'any', 'them', 'sel*', 'a', '|', '2', '"', ' ', '\n', 'AND');
  fc.assert(fc.property(fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')), (text) => {
    try {
      parseCondition(text);
    } catch (error) {
      assert.ok(error instanceof ConditionError, String(error));
      assert.ok(error.offset >= 0 && error.offset <= text.length, text);
    }
  }), { numRuns: 5_000 });
});

test('conditions: "not" binds closest, then "and", then "or"; keywords in any case', () => {
  const search = (name: string): Condition => ({ type: 'search', name, offset: 0 });
  assert.deepEqual(withoutOffsets(parseCondition('a or NOT b AND c')), {
    type: 'or', operands: [search('a'), { type: 'and', operands: [{ type: 'not', operand: search('b') }, search('c')] }],
  });
});

test('conditions: what is wrong is said, with its place', () => {
  const cases: [string, number, RegExp][] = [
    ['', 0, /ends where/],
    ['a and', 5, /ends where/],
    ['a b', 2, /"b" is out of place/],
    ['(a or b', 7, /a closing "\)" is missing/],
    ['a)', 1, /out of place/],
    ['2 of sel*', 0, /expected 1, any or all/],
    ['1 of', 4, /expected "them"/],
    ['a | count() > 5', 2, /correlation rule/],
    ['of', 0, /out of place/],
    [`${'('.repeat(5_000)}a`, 101, /nested deeper/],
    [`${'not '.repeat(5_000)}a`, 404, /nested deeper/],
  ];
  for (const [text, offset, message] of cases) {
    assert.throws(
      () => parseCondition(text),
      (error) => error instanceof ConditionError && error.offset === offset && message.test(error.message),
      text.slice(0, 30),
    );
  }
});
