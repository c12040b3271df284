import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gatherer } from './gatherer.ts';

test('contributors that are ready together share a batch; those that come while it is worked off share the next', async () => {
  const batches: string[][] = [];
  const working = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const gatherer = new Gatherer<string, string>(100, async ({ records }) => {
    working.resolve();
    await done.promise;
    batches.push(records);
  });
  const contribute = (name: string): Promise<void> => gatherer.contribute(({ records }) => void records.push(name));
  const first = [contribute('a'), contribute('b')];
  await working.promise;
  const second = [contribute('c'), contribute('d')];
  done.resolve();
  await Promise.all([...first, ...second]);
  assert.deepEqual(batches, [['a', 'b'], ['c', 'd']]);
});

test('a full batch takes no more, and whoever waits gets the next', async () => {
  const batches: number[][] = [];
  const gatherer = new Gatherer<number, string>(2, async ({ records }) => void batches.push(records));
  await Promise.all([1, 2, 3, 4, 5].map((number) => gatherer.contribute(({ records }) => void records.push(number))));
  assert.deepEqual(batches, [[1, 2], [3, 4], [5]]);
});

test('a batch that fails fails for its contributors alone', async () => {
  const gatherer = new Gatherer<string, string>(1, async ({ records }) => {
    if (records[0] === 'bad') throw new Error('no');
  });
  const outcomes = await Promise.allSettled(['good', 'bad', 'good'].map((name) => {
    return gatherer.contribute(({ records }) => void records.push(name));
  }));
  assert.deepEqual(outcomes.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']);
});
