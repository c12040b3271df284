import assert from 'node:assert/strict';
import { setImmediate as nextTask } from 'node:timers/promises';
import { test } from 'node:test';
import { inProcessLog } from '#transport';
import { RecordReader } from './record-reader.ts';

/** A reader of a log, whose handler never ends, with one batch in it. */
function busyReader() {
  const log = inProcessLog<string>();
  const reader = new RecordReader('records', log.source, () => new Promise(() => {}), (error) => { throw error; });
  reader.start();
  return { reader, sent: log.sink.send(['one']) };
}

test('a stop does not wait for a part that is away: the batch stays unconfirmed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { reader, sent } = busyReader();
  const refused = assert.rejects(sent, /the reader was stopped before the batch was handled/);
  await nextTask();
  const stopped = reader.stop();
  t.mock.timers.tick(5_000);
  await stopped;
  await refused;
  assert.throws(() => reader.check(), /records are no longer read/);
});

test('readiness says what keeps batches from being confirmed', async () => {
  const log = inProcessLog<string>();
  let away = true;
  const reader = new RecordReader('records', log.source, async () => { if (away) throw new Error('the store is away'); }, () => {});
  assert.throws(() => reader.check(), /records are not read yet/);
  reader.start();
  reader.check();
  await assert.rejects(log.sink.send(['one']));
  assert.throws(() => reader.check(), /records: the store is away/);
  away = false;
  await log.sink.send(['one']);
  reader.check();
  await reader.stop();
});
