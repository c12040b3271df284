import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { flowId, recordId } from './identity.ts';

suite('ids', () => {
  const flow = flowId('probe-1', '1:ZKGh7C2qCxQ0vN5fJm6hO1zV8yA=', 1_600_000_000_000_000);

  test('records of a flow have ids of their own, which are not the id of the flow', () => {
    const ids = Array.from({ length: 1000 }, (_, sequence) => recordId(flow, sequence));
    assert.equal(new Set([flow, ...ids]).size, 1001);
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  });

  test('the number goes around at 32 bits', () => {
    const last = 'a'.repeat(24);
    assert.equal(recordId(`${last}fffffffe`, 0), `${last}ffffffff`);
    assert.equal(recordId(`${last}fffffffe`, 1), `${last}00000000`);
  });

  test('a replay gives the same id, and another line of a log another one', () => {
    assert.equal(recordId(flow, 3), recordId(flow, 3));
    assert.equal(recordId(flow, 'line a'), recordId(flow, 'line a'));
    assert.notEqual(recordId(flow, 'line a'), recordId(flow, 'line b'));
  });
});
