import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../test/support/until.ts';
import { ScheduledDetections, type ScheduledDetection } from './scheduled-detections.ts';

/** Runs these detections over an empty store. */
function scheduleOf(detections: () => readonly ScheduledDetection[], seen = new Map<string, number>()): ScheduledDetections {
  return new ScheduledDetections({
    store: {
      query: async () => [], write: async () => {}, recordDetectionRun: async () => {}, withoutStored: async () => [],
      detectionRuns: async () => ({ now: 90_000_000, until: seen }),
    },
    findings: { send: async () => {} },
    detections,
    logger: { warn: () => {} },
  });
}

test('a detection that takes long leaves the store alone for most of the time', async () => {
  const runs: { began: number; ended: number }[] = [];
  const slow: ScheduledDetection = {
    name: 'slow', title: 'Slow', intervalMillis: 1,
    async *detect() {
      const began = performance.now();
      await delay(200);
      runs.push({ began, ended: performance.now() });
      yield [];
    },
  };
  const schedule = scheduleOf(() => [slow]);
  schedule.start();
  await until('it has run twice', () => runs.length === 2);
  await schedule.stop();
  const [first, second] = runs;
  assert.ok(second!.began - first!.ended >= 9 * (first!.ended - first!.began), 'it rests for nine times as long as it ran');
});

test('a detection that is gone, as with the rules it came from, is not told as late for ever', async (t) => {
  const failing: ScheduledDetection = {
    name: 'failing', title: 'Failing', intervalMillis: 0,
    // oxlint-disable-next-line require-yield
    async *detect() { throw new Error('no such column'); },
  };
  let detections = [failing];
  const schedule = scheduleOf(() => detections, new Map([['failing', 0]]));
  schedule.start();
  t.after(() => schedule.stop());
  await until('it fails', () => schedule.counters.failures.get('Failing') === 1);
  assert.deepEqual([...schedule.counters.lag], [['Failing', 90]]);
  detections = [];
  await until('it is told no more', () => schedule.counters.lag.size === 0);
});
