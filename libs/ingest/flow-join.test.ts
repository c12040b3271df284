import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowJoin, IngestCounters } from './ingest.ts';

test('lines about one flow share its state until nothing was heard of it for too long', () => {
  let made = 0;
  const join = new FlowJoin<number>({ timeoutMicros: 100 }, new IngestCounters());
  const get = (name: string, micros: number): number => join.get(name, micros, () => ++made);
  assert.deepEqual([get('a', 0), get('b', 10), get('a', 90), get('a', 150), get('b', 151)], [1, 2, 1, 1, 3]);
});

test('a full table forgets the flow heard of longest ago, and counts', () => {
  const counters = new IngestCounters();
  const join = new FlowJoin<string>({ maxFlows: 2 }, counters);
  for (const name of ['a', 'b', 'a', 'c']) join.get(name, 1, () => name);
  assert.equal(join.size, 2);
  assert.equal(counters.get('join', 'flows forgotten'), 1);
  let forgotten = '';
  for (const name of ['a', 'b']) join.get(name, 1, () => (forgotten += name));
  assert.equal(forgotten, 'b');
});
