import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '#flow';
import { temporaryFolder } from '../../test/support/folder.ts';
import { summariseFindings } from './findings-summary.ts';
import { serveLoopback } from './loopback.ts';
import { openStore } from './store.ts';
import { findingAbout, flowRecord, noon, temporaryStore } from './testing.ts';

const finding = (index: number, changes: Partial<Finding> = {}): Finding => findingAbout(flowRecord(index), {
  'event.id': `finding ${index}`, ...changes,
});

test('it takes one statement', async () => {
  await using folder = await temporaryFolder('store');
  await using server = await serveLoopback(folder.path);
  await using store = await openStore({ url: server.url, rollupInterval: 3_600_000 });
  await store.migrate();
  await store.write([], [finding(0), finding(1, { 'event.severity_name': 'low' })]);
  const before = server.statements.length;
  const summary = await summariseFindings(store, { level: ['high'], country: ['US'] });
  assert.equal(server.statements.length - before, 1);
  assert.equal(summary.findings, 1);
  assert.deepEqual(summary.facets.level, [{ value: 'high', label: 'high', count: 1 }], 'the low one is in another country');
});

test('what misses two conditions is in no count, whatever the conditions', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  const levels = ['low', 'high'], kinds = ['user_id', 'room_id'], rules = ['first', 'second'];
  const all = levels.flatMap((level) => kinds.flatMap((kind) => rules.map((rule) => ({ level, kind, rule }))));
  await store.write([], all.map(({ level, kind, rule }, index) => finding(index, {
    'event.severity_name': level, 'telltale.observable.kind': kind, 'rule.id': rule, 'rule.name': `Rule ${rule}`,
    'telltale.observable.token': `token ${index}`,
  })));
  const { findings, identifiers, facets } = await summariseFindings(store, { level: ['high'], kind: ['room_id'], rule: ['second'], from: noon });
  assert.deepEqual({ findings, identifiers }, { findings: 1, identifiers: 1 });
  assert.deepEqual(facets.level, [{ value: 'high', label: 'high', count: 1 }, { value: 'low', label: 'low', count: 1 }]);
  assert.deepEqual(facets.kind.map(({ value, count }) => [value, count]), [['room_id', 1], ['user_id', 1]]);
  assert.deepEqual(facets.rule, [{ value: 'first', label: 'Rule first', count: 1 }, { value: 'second', label: 'Rule second', count: 1 }]);
  assert.deepEqual(facets.country.map(({ count }) => count), [1]);
});

test('a finding that was judged anew counts as it is now', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  await store.write([], [finding(0), finding(1), finding(7200)]);
  await store.write([], [finding(7200, { 'event.severity_name': 'low' })]);
  const { findings, histogram, facets } = await summariseFindings(store, { level: ['high'] });
  assert.equal(findings, 2);
  assert.deepEqual(histogram.buckets.flat().filter((count) => count > 0).reduce((sum, count) => sum + count, 0), 2);
  assert.equal(histogram.from, noon / 1e6, 'it begins with the first that counts');
  assert.deepEqual(facets.level.map(({ value, count }) => [value, count]), [['high', 2], ['low', 1]]);
});

test('a facet names the hundred values that are most frequent', async () => {
  await using temporary = await temporaryStore();
  await temporary.store.write([], Array.from({ length: 240 }, (_, index) => finding(index, {
    'telltale.service': `service ${String(index % 120).padStart(3, '0')}`,
  })));
  const { facets, subjects } = await summariseFindings(temporary.store, {});
  assert.equal(facets.service.length, 100);
  assert.deepEqual(facets.service[0], { value: 'service 000', label: 'service 000', count: 2 });
  assert.equal(subjects, 1);
});
