import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columns, widthOf } from './table.ts';

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
