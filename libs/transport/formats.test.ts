import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFinding, createFlowRecord, type Finding } from '#flow';
import { findingFormat, PayloadError } from './formats.ts';

const finding: Finding = Object.assign(createFinding(createFlowRecord()), { 'event.id': 'f1', 'rule.id': 'r1', 'telltale.versions': 'rules 1' });
const unpacked = (value: unknown): Finding => findingFormat.unpack(Buffer.from(JSON.stringify(value)))[0]!;

test('a finding of another version: a field that is not known does no harm, a missing one has its zero value', () => {
  const { 'telltale.versions': _, ...older } = finding;
  assert.deepEqual(unpacked({ ...older, 'telltale.later': true }), { ...finding, 'telltale.versions': '' });
});

test('what is no finding is malformed, and the error names the field, not its value', () => {
  const values = [
    null, 'PLANTED', 7, [], {}, { ...finding, 'event.id': '' }, { ...finding, 'rule.id': '' }, { ...finding, message: ['PLANTED'] }, { ...finding, '@timestamp': 'PLANTED' },
    { ...finding, '@timestamp': -1 }, { ...finding, '@timestamp': 0.5 }, { ...finding, 'telltale.roles': 7, 'telltale.observables.related': [7] },
  ];
  for (const value of values)
    assert.throws(() => unpacked(value), (error) => error instanceof PayloadError && error.code === 'malformed' && !error.message.includes('PLANTED'), JSON.stringify(value));
});
