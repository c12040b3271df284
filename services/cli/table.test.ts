import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFinding, createFlowRecord, type Finding } from '#flow';
import { columns, findingsTable, widthOf } from './table.ts';

const header = ['LEVEL', 'RULE', 'TO', 'EVIDENCE'];
const rows = [
  ['high', 'Service traffic to a country its policy denies', 'qos-america.example.org (192.0.2.130:8000)', 'demo.pcap#3'],
  ['medium', 'User id in clear', '192.0.2.7:80', `${'long'.repeat(30)}.pcap#4`],
];

test('a pipe, or a terminal that does not tell its size, gets whole lines', () => {
  assert.equal(widthOf({ isTTY: false, columns: 80 }), Infinity);
  assert.equal(widthOf({ isTTY: true, columns: 0 }), Infinity);
  assert.equal(widthOf({ isTTY: true, columns: 80 }), 80);
  assert.deepEqual(columns(header, rows.slice(0, 1)).split('\n'), [
    'LEVEL  RULE                                            TO                                          EVIDENCE',
    'high   Service traffic to a country its policy denies  qos-america.example.org (192.0.2.130:8000)  demo.pcap#3',
  ]);
});

test('where it is a little narrow, the widest columns wrap between words', () => {
  assert.deepEqual(columns(header, rows.slice(0, 1), 90).split('\n'), [
    'LEVEL  RULE                                TO                                  EVIDENCE',
    'high   Service traffic to a country its    qos-america.example.org             demo.pcap#3',
    '       policy denies                       (192.0.2.130:8000)',
  ]);
});

test('where it is too narrow for that, rows are folded, and so are their headings', () => {
  assert.deepEqual(columns(header, rows.slice(0, 1), 64).split('\n'), [
    'LEVEL  RULE',
    '    TO                                          EVIDENCE',
    'high   Service traffic to a country its policy denies',
    '    qos-america.example.org (192.0.2.130:8000)  demo.pcap#3',
  ]);
});

test('no line is wider than the terminal, and no character is lost, whatever the width', () => {
  const signs = (text: string): string => text.replaceAll(/\s/g, '');
  const all = [...signs([header, ...rows].flat().join(''))].toSorted().join('');
  for (let width = 5; width < 260; width++) {
    const table = columns(header, rows, width);
    assert.ok(table.split('\n').every((line) => line.length <= width), `${width}`);
    assert.equal([...signs(table)].toSorted().join(''), all, `${width}`);
  }
});

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
  ], () => undefined, Infinity);
  assert.deepEqual(table.split('\n').slice(1).map((line) => line.slice(line.indexOf('a.pcap'))), [
    'a.pcap#1, 3 times until 2026-03-03 10:00:07, a.pcap#7', 'a.pcap#3', 'a.pcap#4', 'a.pcap#5', 'a.pcap#6', 'a.pcap#8', 'a.pcap#9',
  ]);
});
