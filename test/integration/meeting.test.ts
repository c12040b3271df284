import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '#flow';
import { projectRoot } from '#runtime';
import { temporaryStore } from '../../libs/store/testing.ts';
import { correlationDetection } from '../../services/detector/correlation-detection.ts';
import { Detection } from '../../services/detector/detection.ts';
import { loadDetection } from '../../services/detector/packs.ts';
import { ScheduledDetections } from '../../services/detector/scheduled-detections.ts';
import { capture as meeting } from '../cases/meeting-at-two-subjects/capture.ts';
import { alice, bela } from '../cases/case.ts';
import { probeCapture } from '../support/scan.ts';

test('a meeting whose media went to a denied country from two subjects is one finding per stream, over both', async () => {
  await using folder = await temporaryStore();
  const { store } = folder;
  const { geography, catalogue, policies, pack, versions } = await loadDetection({ root: projectRoot });
  const detection = new Detection({ geography, catalogue, policies, rules: pack.plan, hits: pack.hits, versions });
  // Each subject's records may reach a different detector: only the store sees both.
  const { records } = probeCapture(meeting());
  for (const subject of [alice, bela]) {
    const own = records.filter((record) => record['telltale.subject.ip'] === subject);
    const findings = detection.detect(own);
    assert.deepEqual(findings.map((finding) => finding['rule.name']), ['Service traffic to a country its policy denies']);
    await store.write(own, findings, [...detection.hits]);
  }
  const correlation = pack.correlations.find(({ title }) => title.startsWith("A meeting's media"))!;
  const sent: Finding[] = [];
  const scheduled = correlationDetection(correlation, { intervalMillis: 0, versions });
  const runner = new ScheduledDetections({
    store,
    findings: {
      send: async (findings) => {
        sent.push(...findings);
      },
    },
    detections: () => [scheduled],
    logger: { warn: () => {} },
  });
  await runner.run([scheduled]);
  assert.equal(sent.length, 2, 'what Alice says, and what Bela says');
  for (const finding of sent) {
    assert.match(
      finding['message'],
      / by 10\.20\.0\.11 and 10\.20\.0\.12, to 221\.122\.63\.10 located in and operated from CN \(policy conferencing\), from 2026-04-03T/,
    );
  }
});
