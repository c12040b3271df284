import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../test/support/until.ts';
import { ScheduledDetections, type ScheduledDetection } from './scheduled-detections.ts';

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
  const schedule = new ScheduledDetections({
    store: {
      query: async () => [], write: async () => {}, withoutStored: async () => [], recordDetectionRun: async () => {},
      detectionRuns: async () => ({ now: 0, until: new Map() }),
    },
    findings: { send: async () => {} },
    detections: () => [slow],
    logger: { warn: () => assert.fail('a run failed') },
  });
  schedule.start();
  await until('it has run twice', () => runs.length === 2);
  await schedule.stop();
  const [first, second] = runs;
  assert.ok(second!.began - first!.ended >= 9 * (first!.ended - first!.began), 'it rests for nine times as long as it ran');
});
