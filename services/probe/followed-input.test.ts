import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createLogger } from '#runtime';
import { temporaryFolder } from '../../test/support/folder.ts';
import { createPipeline } from './create.ts';
import { FollowedFile } from './followed-file.ts';
import { FollowedInput } from './followed-input.ts';
import { Positions } from './positions.ts';

const archive = JSON.stringify({ log: { version: '1.2', entries: [{
  startedDateTime: '2024-05-01T12:00:00Z', serverIPAddress: '198.51.100.7',
  request: { method: 'GET', url: 'http://a.example/', headers: [] }, response: { status: 200, headers: [], content: {} },
}] } });

test('a document that comes to rest while the file system is asked about it is told before it sleeps', async (t) => {
  await using folder = await temporaryFolder('followed');
  const logger = createLogger({ name: 'test', level: 'silent' });
  const file = new FollowedFile(path.join(folder.path, 'a.har'), await Positions.load(path.join(folder.path, 'positions.json'), logger));
  await writeFile(file.path, archive);
  const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const input = new FollowedInput(file, true, {
    pipeline, logger, settleInterval: 100, counters: { resumed: 0, lostRests: 0, passedOver: 0, forgottenPositions: 0, saveFailures: 0 },
    send: async () => {}, keepEnd: () => {}, readable: () => {}, unreadable: (_, error) => { throw error; },
  });
  try {
    assert.equal(await input.advance(), true);
    now = 100;
    const next = t.mock.method(file, 'next', async () => {
      now = 101;
      return null;
    });
    assert.deepEqual([await input.advance(), input.mayDoze, pipeline.pending], [false, false, 0]);
    next.mock.restore();
    assert.deepEqual([await input.advance(), input.mayDoze], [false, true]);
    assert.deepEqual(pipeline.take().map((record) => record['url.domain']).filter(Boolean), ['a.example']);
  } finally {
    await file.close();
  }
});
