import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { runFuzz } from './run.ts';

const shared = join(process.env['TELLTALE_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'captures');

/** A small part of the nightly run, see probe.ts. */
test('damaged captures do not stop the probe', { timeout: 120_000 }, async () => {
  const folder = existsSync(shared) ? shared : null;
  const { failures, packets, records } = await runFuzz({ folder, perCapture: 2, seed: 20_260_101, first: 0, count: 6000 });
  assert.deepEqual(failures, []);
  assert.ok(packets > 20_000 && records > 8000, `${packets} packets, ${records} records`);
});
