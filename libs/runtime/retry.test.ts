import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoffMillis, retry } from './runtime.ts';

test('a pause doubles up to the longest, at least half of it fixed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, minMillis, maxMillis, random) => {
        const pause = backoffMillis(attempt, { minMillis, maxMillis }, () => random);
        const ceiling = Math.min(maxMillis, minMillis * 2 ** Math.min(attempt - 1, 40));
        assert(pause >= ceiling / 2 && pause <= ceiling);
      },
    ),
  );
});

test('retries until it succeeds, and tells of each pause', async () => {
  const pauses: [string, number][] = [];
  const result = await retry(
    (attempt) => (attempt < 3 ? Promise.reject(new Error(`no ${attempt}`)) : Promise.resolve(attempt)),
    { minMillis: 1, maxMillis: 2, onRetry: (error, _, attempt) => pauses.push([(error as Error).message, attempt]) },
  );
  assert.equal(result, 3);
  assert.deepEqual(pauses, [['no 1', 1], ['no 2', 2]]);
});

test('gives up after the last attempt, and at once on a permanent error', async () => {
  let attempts = 0;
  const fail = () => Promise.reject(new Error(`no ${++attempts}`));
  await assert.rejects(retry(fail, { minMillis: 1, maxMillis: 1, attempts: 2 }), /no 2/);
  await assert.rejects(retry(fail, { minMillis: 1, maxMillis: 1, isPermanent: () => true }), /no 3/);
});

test('an abort ends a pause with its reason', async () => {
  const controller = new AbortController();
  const running = retry(() => Promise.reject(new Error('no')), {
    minMillis: 3_600_000, maxMillis: 3_600_000, signal: controller.signal, onRetry: () => setImmediate(() => controller.abort(new Error('stopped'))),
  });
  await assert.rejects(running, /stopped/);
});
