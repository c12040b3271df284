import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyOne, anyRun, compilePattern, literalOf, parsePattern } from './pattern.ts';

/** The specification's reading of a Sigma string, as a regular expression. */
function reference(sigma: string): RegExp {
  const source = sigma.replace(
    /\\([*?\\])|([*?])|([^])/g,
    (_, escaped: string | undefined, wildcard: string | undefined, plain: string | undefined) => {
      if (wildcard) return wildcard === '*' ? '[^]*' : '[^]';
      return (escaped ?? plain!).replace(/[.*+?^${}()|[\]\\/-]/, '\\$&');
    },
  );
  return new RegExp(`^${source}$`);
}

test('wildcards match what the equal regular expression matches', () => {
  const text = (alphabet: string[], maxLength: number) => fc.array(fc.constantFrom(...alphabet), { maxLength }).map((chars) => chars.join(''));
  fc.assert(fc.property(text(['a', 'b', '*', '?', '\\', '.', '\n'], 10), text(['a', 'b', '*', '?', '\\', '.', '\n'], 12), (sigma, value) => {
    assert.equal(compilePattern(parsePattern(sigma))(value), reference(sigma).test(value), JSON.stringify([sigma, value]));
  }), { numRuns: 20_000 });
});

test('a pattern made from a value matches it', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }), fc.infiniteStream(fc.nat(9)), (chars, choices) => {
    // Characters become `?`, or vanish in front of a `*`.
    const pattern = chars.map((char) => (choices.next().value! < 2 ? '?' : char)).map(
      (char) => (choices.next().value! < 2 ? `${char}*` : char),
    ).join('');
    assert.ok(compilePattern(parsePattern(pattern))(chars.join('')), `${pattern} ${chars.join('')}`);
  }), { numRuns: 3_000 });
});

test('escapes: the examples of the Sigma specification', () => {
  assert.deepEqual(parsePattern(String.raw`C:\Windows\*.exe`), ['C:\\Windows*.exe']);
  assert.deepEqual(parsePattern(String.raw`C:\Windows\\*.exe`), ['C:\\Windows\\', anyRun, '.exe']);
  assert.deepEqual(parsePattern(String.raw`C:\Win?ows`), ['C:\\Win', anyOne, 'ows']);
  assert.equal(literalOf(parsePattern(String.raw`\\\\host\share`)), String.raw`\\host\share`);
  assert.equal(literalOf(parsePattern(String.raw`\*\?`)), '*?');
});

test('many runs cost no more than length times pattern', () => {
  const matches = compilePattern(parsePattern(`${'*a?'.repeat(500)}*!`));
  assert.equal(matches('ab'.repeat(50_000)), false);
});
