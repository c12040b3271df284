import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../test/support/until.ts';
import { ScheduledDetections, type ScheduledDetection } from './scheduled-detections.ts';

test('a detection that is gone, as with the rules it came from, is not told as late for ever', async (t) => {
  const failing: ScheduledDetection = {
    name: 'failing', title: 'Failing', intervalMillis: 0,
    // oxlint-disable-next-line require-yield
    async *detect() { throw new Error('no such column'); },
  };
  let detections = [failing];
  const runner = new ScheduledDetections({
    store: {
      query: async () => [], write: async () => {}, recordDetectionRun: async () => {}, withoutStored: async () => [],
      detectionRuns: async () => ({ now: 90_000_000, until: new Map([['failing', 0]]) }),
    },
    findings: { send: async () => {} }, detections: () => detections, logger: { warn: () => {} },
  });
  runner.start();
  t.after(() => runner.stop());
  await until('it fails', () => runner.counters.failures.get('Failing') === 1);
  assert.deepEqual([...runner.counters.lag], [['Failing', 90]]);
  detections = [];
  await until('it is told no more', () => runner.counters.lag.size === 0);
});
