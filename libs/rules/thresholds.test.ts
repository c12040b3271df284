import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LocatedError } from '#geo';
import { catalogue } from '#identifiers';
import { Jurisdictions } from './jurisdictions.ts';
import { parseThresholds } from './thresholds.ts';

const context = {
  jurisdictions: Jurisdictions.parse(readFileSync('libs/rules/jurisdictions.yaml', 'utf8')),
  kinds: new Map(catalogue.map(({ name, dataClass }) => [name, dataClass])),
};

test('the thresholds that ship name what exists', () => {
  const { thresholds } = parseThresholds(readFileSync('libs/rules/thresholds.yaml', 'utf8'), 'thresholds.yaml', context);
  assert.deepEqual(thresholds.map(({ count, moreThan, days, linked }) => [count, moreThan, days, linked]), [
    ['identifiers', 100_000, 365, true], ['subjects', 1_000, 365, false], ['identifiers', 10_000, 365, false],
  ]);
  for (const { members } of thresholds)
    assert.deepEqual(['CN', 'HK', 'RU'].filter((code) => members.some(({ country }) => country === code)), ['CN', 'HK', 'RU']);
});

test('what is wrong has its place', () => {
  const text = `version: '1'
thresholds:
  - { id: 4f1a6c0e-9a55-4a0c-8a0e-5d1b7c3f2e60, title: A, level: high, jurisdictions: [nowhere], dimensions: [operated], kinds: [shoe_size], count: subjects, more_than: 1, days: 30 }
  - { id: 4f1a6c0e-9a55-4a0c-8a0e-5d1b7c3f2e60, title: B, level: high, jurisdictions: [CN], dimensions: [operated], data_classes: [shoes], count: subjects, more_than: 1, days: 30 }
`;
  assert.throws(() => parseThresholds(text, 't.yaml', context), (error) => {
    assert(error instanceof LocatedError);
    assert.deepEqual(error.problems.map(({ line, code }) => [line, code]), [
      [3, 'unknown-set'], [3, 'unknown-kind'], [4, 'duplicate'], [4, 'unknown-class'],
    ]);
    return true;
  });
});

test('a data class stands for all its kinds', () => {
  const text = `version: '1'
thresholds:
  - { id: 4f1a6c0e-9a55-4a0c-8a0e-5d1b7c3f2e60, title: A, level: high, jurisdictions: [CN], dimensions: [operated], data_classes: [location], count: subjects, more_than: 1, days: 30 }
`;
  const [threshold] = parseThresholds(text, 't.yaml', context).thresholds;
  const ofClass = catalogue.filter(({ dataClass }) => dataClass === 'location').map(({ name }) => name);
  assert.deepEqual(threshold!.kinds.toSorted(), [...new Set(ofClass)].toSorted());
});
