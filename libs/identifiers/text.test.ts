import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { catalogue } from './catalogue.ts';
import { keyAnchors } from './key-anchors.ts';
import { KeyNames } from './key-names.ts';
import { Prefilter } from './scan/prefilter.ts';
import { createAssignment, lastSign, readAssignment } from './text.ts';

const names = new KeyNames(catalogue);
const wanted = (key: string): boolean => names.announced(key) !== null;
const prefilter = new Prefilter([keyAnchors(names.names())]);

/** `index of the sign, key` of each assignment, found by the anchors. */
function byAnchors(text: string): string[] {
  const found: string[] = [];
  const assignment = createAssignment();
  const count = prefilter.scanText(text);
  let from = 0;
  for (let i = 0; i < count; i++) {
    const sign = readAssignment(text, prefilter.positions[i]!, from, wanted, assignment);
    if (sign < 0) continue;
    assert.ok(prefilter.positions[i]! < lastSign(text), 'no key ends behind the last sign');
    found.push(`${sign} ${assignment.key}`);
    from = sign + 1;
  }
  return found;
}

/** The same, found backwards from each sign by regular expressions. */
function bySigns(text: string): string[] {
  const found: string[] = [];
  for (const { index } of text.matchAll(/=(?![=>])|:(?!:|\/\/)|>(?!>)/g)) {
    const key = /([A-Za-z0-9_.$-]{2,48})(?:\\*["'])? ?$/.exec(text.slice(0, index))?.[1];
    if (key === undefined || !wanted(key)) continue;
    // A tag may have a prefix.
    if (text[index] === '>' && !new RegExp(`<(?:[\\w.:-]{0,22}:)?${key.replaceAll(/[.$]/g, '\\$&')}(?:\\\\*["'])? ?$`).test(text.slice(0, index)))
      continue;
    found.push(`${index} ${key}`);
  }
  return found;
}

describe('assignments', () => {
  const allKeys = catalogue.flatMap(({ keys }) => keys.map((key) => key.replace(/^\*_/, '')));
  const camelCase = (key: string): string => key.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const spelling = fc.constantFrom<(key: string) => string>(
    (key) => key, camelCase, (key) => key.toUpperCase(), (key) => key.replaceAll('_', '-'), (key) => key.replaceAll('_', ''),
    (key) => `client.${key}`,
    (key) => `${key}2`, (key) => `${key}_1`, (key) => `${key}_1_2`, (key) => `${key}.1.1f2e`, (key) => `${key}A1b2`,
    (key) => `${key}QACBDRTS`, (key) => `${key}_`, (key) => `$${key}$`, (key) => key.slice(0, -1),
    (key) => `${key.slice(0, -1)}_${key.at(-1)}`,
    (key) => `<${key}`, (key) => `"${key}"`, (key) => `\\"${key}\\"`, (key) => `'${key}'`, (key) => `${key}\\`, (key) => `x${key}`,
    (key) => '_'.repeat(45) + key,
  );
  const written = fc.tuple(spelling, fc.constantFrom(...allKeys)).map(([spell, key]) => spell(key));
  const sign = fc.constantFrom('=', ':', '>', ' =', ': ', ' : ', '  =', '=>', '==', '://', '::', ' ', '" :', '&', '\u0100=');
  const text = fc.array(fc.oneof(written, written, sign, sign, fc.string({ maxLength: 5 }), fc.constantFrom('42', '"v"', ' ', '\n')), {
    maxLength: 10,
  });

  test('are found by the end of their keys as from their signs', () => {
    fc.assert(fc.property(text.map((parts) => parts.join('')), (joined) => assert.deepEqual(byAnchors(joined), bySigns(joined))), { numRuns: 5000 });
  });

  test('are found under every key name of the catalogue', () => {
    for (const key of allKeys) {
      const name = names.announced(key);
      assert.deepEqual(byAnchors(`a ${key}=1`), name === null || key.length === 1 ? [] : [`${key.length + 2} ${key}`], key);
    }
  });
});
