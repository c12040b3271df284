import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex, RegexRefused } from './regex.ts';

test('regular expressions: those whose time can explode are refused', () => {
  const refused = ['(a+)+', '(a*)*b', '(?:a+b?)*', '([a-z]+)*$', '((a)+)+', '(a{1,30})+', '(a|a)*', '(a|ab)*c', '(\\w|a)+', '(.|x)+', '(?<name>x+)+', '(a|(b))+', '(a+){25}', '(|a)+', '([^a]|b)*'];
  for (const source of refused) assert.throws(() => compileRegex(source, ''), RegexRefused, source);
});

test('regular expressions: ordinary ones are taken', () => {
  const taken = ['abc', 'a+b*c?', '(a|b)+', '(?:[a-c]|[d-f]|\\d)*', '^(GET|POST) ', '(foo|bar)', '(a+)?', '(?:ab){2,3}', '[(+*]+', '\\(a+\\)+', '(?=a+)b', '(ab|cd)*', '(?i)(ipfs\\.io/|ipfs\\.io\\s).+\\..+@.+\\.[a-z]+', 'a{2,}'];
  for (const source of taken) assert.doesNotThrow(() => compileRegex(source, ''), source);
});

test('regular expressions: flags in front of the pattern are read', () => {
  assert.ok(compileRegex('(?i)abc', '').test('xABCx'));
  assert.ok(!compileRegex('abc', '').test('ABC'));
  assert.ok(compileRegex('a.c', 's').test('a\nc'));
});

test('regular expressions: a fault has its place', () => {
  assert.throws(() => compileRegex('ab(c+)+', ''), (error) => error instanceof RegexRefused && error.offset === 2);
  assert.throws(() => compileRegex('(?i)(c+)+', ''), (error) => error instanceof RegexRefused && error.offset === 4);
  assert.throws(() => compileRegex('a(', ''), RegexRefused);
});
