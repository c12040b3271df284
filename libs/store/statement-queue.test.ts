import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatementQueue } from './statement-queue.ts';

/** A queue that is busy until `release`, and notes what it begins. */
function busyQueue() {
  const queue = new StatementQueue();
  const begun: string[] = [];
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const statement = (name: string, until: Promise<void> = Promise.resolve()) => async () => { begun.push(name); await until; return name; };
  const first = queue.run(statement('running', promise), { urgent: false });
  return { queue, begun, first, release, statement };
}

test('what a person waits for goes before what waits in the background, and not before what runs', async () => {
  const { queue, begun, first, release, statement } = busyQueue();
  const all = [
    first,
    queue.run(statement('insert 1'), { urgent: false }),
    queue.run(statement('insert 2'), { urgent: false }),
    queue.run(statement('page 1'), { urgent: true }),
    queue.run(statement('page 2'), { urgent: true }),
  ];
  await new Promise(setImmediate);
  assert.deepEqual(begun, ['running']);
  release();
  await Promise.all(all);
  assert.deepEqual(begun, ['running', 'page 1', 'page 2', 'insert 1', 'insert 2']);
});

test('a page that asks without end does not stop the background', async () => {
  const { queue, begun, first, release, statement } = busyQueue();
  const insert = queue.run(statement('insert'), { urgent: false });
  let done = false;
  void insert.then(() => { done = true; });
  const reader = async () => { while (!done) await queue.run(statement('page'), { urgent: true }); };
  const readers = [reader(), reader()];
  release();
  await Promise.all([first, insert, ...readers]);
  assert.deepEqual(begun.slice(0, 6), ['running', 'page', 'page', 'page', 'page', 'insert']);
});

test('a statement that fails does not hold up those behind it', async () => {
  const queue = new StatementQueue();
  const failing = queue.run(() => Promise.reject(new Error('no such table')), { urgent: false });
  const next = queue.run(() => Promise.resolve('answer'), { urgent: false });
  await assert.rejects(failing, /no such table/);
  assert.equal(await next, 'answer');
  assert.equal(await queue.run(() => Promise.resolve('later'), { urgent: true }), 'later');
});
