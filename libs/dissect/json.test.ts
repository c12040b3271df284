import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scanJson } from './json.ts';
import { stepOf } from './path.ts';

function scan(text: string, maxDepth = 32): { outcome: string; found: string[] } {
  const found: string[] = [];
  const outcome = scanJson(Buffer.from(text), maxDepth, (path, key, value, end) => found.push(`${path}|${key}|${value}|${end}`));
  return { outcome, found };
}

test('paths, keys and ends of strings and numbers', () => {
  assert.deepEqual(scan('{"a":"x","b":{"c":[1,{"d":"y"}]},"t":true,"n":null}'), {
    outcome: 'complete', found: ['a|a|x|7', 'b.c[0]|c|1|20', 'b.c[1].d|d|y|28'],
  });
  assert.deepEqual(scan('[["x"]]').found, ['[0][0]||x|4']);
});

test('numbers keep their digits', () => {
  assert.deepEqual(scan('{"uid":9223372036854775807,"f":-1.50e+3 }').found, ['uid|uid|9223372036854775807|26', 'f|f|-1.50e+3|39']);
});

test('escapes are resolved, also in keys', () => {
  assert.deepEqual(scan(String.raw`{"a\u0062":"\"\\\/\n\u00e9\ud83d\ude00"}`).found, ['ab|ab|"\\/\né😀|38']);
});

test('a key that is data is visited as a value, and stands in no path', () => {
  assert.deepEqual(scan('{"users":{"jane@example.org":{"role":"host"},"490154203237518":1}}').found, [
    'users||jane@example.org|27', 'users.*.role|role|host|42', 'users||490154203237518|61', 'users.*|490154203237518|1|64',
  ]);
});

test('several documents, a byte order mark, white space', () => {
  assert.deepEqual(scan('\ufeff{"a":1}\n{"a":2}\n'), { outcome: 'complete', found: ['a|a|1|9', 'a|a|2|17'] });
});

test('what stands before a cut or an error is visited, a cut scalar is not', () => {
  assert.deepEqual(scan('{"a":"x","b":"y'), { outcome: 'cut', found: ['a|a|x|7'] });
  assert.deepEqual(scan('{"a":"x","b":12'), { outcome: 'cut', found: ['a|a|x|7'] });
  assert.deepEqual(scan('{"a":"x";'), { outcome: 'malformed', found: ['a|a|x|7'] });
  assert.deepEqual(scan('{"a":"x"} rest'), { outcome: 'malformed', found: ['a|a|x|7'] });
  assert.deepEqual(scan('nonsense').outcome, 'malformed');
});

test('what is nested too deeply is passed over, and nothing behind it is lost', () => {
  assert.deepEqual(scan('{"a":{"b":{"c":"]}","d":[1]}},"e":2}', 2), { outcome: 'bounded', found: ['e|e|2|35'] });
  assert.equal(scan('['.repeat(1_000_000)).outcome, 'cut');
});

test('agrees with JSON.parse on any document', () => {
  const flatten = (value: unknown, path: string, into: string[]): string[] => {
    if (Array.isArray(value)) value.forEach((item, index) => flatten(item, `${path}[${index}]`, into));
    else if (value !== null && typeof value === 'object') {
      for (const [key, item] of Object.entries(value)) {
        if (stepOf(key) !== key) into.push(`${path}=${key}`);
        flatten(item, path === '' ? stepOf(key) : `${path}.${stepOf(key)}`, into);
      }
    } else if (typeof value === 'string' || typeof value === 'number')
      into.push(`${path}=${typeof value === 'number' ? JSON.stringify(value) : value}`);
    return into;
  };
  const document = fc.oneof(fc.array(fc.jsonValue({ maxDepth: 4 })), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })));
  fc.assert(fc.property(document, fc.boolean(), (value, pretty) => {
    const text = JSON.stringify(value, null, pretty ? 2 : 0);
    const found: string[] = [];
    const outcome = scanJson(Buffer.from(text), 32, (path, _key, scalar) => found.push(`${path}=${scalar}`));
    assert.equal(outcome, 'complete');
    assert.deepEqual(found, flatten(JSON.parse(text), '', []));
  }));
});
