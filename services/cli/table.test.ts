import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFinding, createFlowRecord, type Finding } from '#flow';
import { findingsTable } from './table.ts';

function finding(frame: number, changes: Partial<Finding> = {}): Finding {
  return {
    ...createFinding(createFlowRecord()), '@timestamp': Date.UTC(2026, 2, 3, 10, 0, frame) * 1000, 'event.id': String(frame),
    'event.severity_name': 'medium', 'rule.id': 'r', 'rule.name': 'User id in clear', 'telltale.flow.id': 'f',
    'telltale.observable.kind': 'user_id', 'telltale.observable.mask': '******', 'telltale.observable.token': 't',
    'telltale.observable.path': 'url.query.uid', 'telltale.evidence.file': 'a.pcap', 'telltale.evidence.frame': frame, ...changes,
  };
}

test('findings that repeat another of the same flow, rule, value and place share a row, with their number and the last one', () => {
  const table = findingsTable([
    finding(1), finding(2), finding(3, { 'telltale.flow.id': 'g' }), finding(4, { 'telltale.observable.token': 'u' }),
    finding(5, { 'telltale.observable.path': 'url.path' }), finding(6, { 'rule.id': 's' }), finding(7), finding(8, { 'telltale.flow.id': '' }),
    finding(9, { 'telltale.flow.id': '' }),
  ], () => undefined);
  assert.deepEqual(table.split('\n').slice(1).map((line) => line.slice(line.indexOf('a.pcap'))), [
    'a.pcap#1, 3 times until 2026-03-03 10:00:07, a.pcap#7', 'a.pcap#3', 'a.pcap#4', 'a.pcap#5', 'a.pcap#6', 'a.pcap#8', 'a.pcap#9',
  ]);
});
