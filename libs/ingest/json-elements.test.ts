import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonElements, maxElementBytes } from './json-elements.ts';
import { logSource } from './testing/read-log.ts';

interface Split {
  elements: [written: string, number: number][];
  problems: [reason: string, number: number][];
}

function split(path: readonly string[], chunks: readonly Buffer[]): Split {
  const elements: Split['elements'] = [];
  const source = logSource('x.json', () => {});
  const reader = jsonElements('json', path, source, (written, number) => elements.push([written.toString(), number]));
  for (const chunk of chunks) reader.push(chunk);
  reader.finish();
  return { elements, problems: source.counters.takeLocated().map(({ reason, line }) => [reason, line]) };
}

const chunked = (text: string, size: number): Buffer[] => {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => Buffer.from(bytes.subarray(index * size, (index + 1) * size)));
};

test('property: elements are those of JSON.parse, whatever stands around them and however they come', () => {
  fc.assert(fc.property(
    fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), fc.integer({ min: 1, max: 40 }),
    (elements, around, indent, size) => {
      const { a: _, log: __, ...others } = around;
      for (const [path, document] of [
        [[], elements], [['log', 'a'], { ...others, log: { ...others, a: elements, z: [[1], { a: [2] }] }, z: { a: [3] } }],
      ] as const) {
        const { elements: read, problems } = split(path, chunked(JSON.stringify(document, null, indent), size));
        assert.deepEqual(read.map(([written]) => JSON.parse(written)), JSON.parse(JSON.stringify(elements)));
        assert.deepEqual(problems, []);
      }
    },
  ));
});

test('damage costs the element that it is in, and what cannot be found again is told', () => {
  const numbersOf = (text: string): unknown => {
    const { elements, problems } = split([], [Buffer.from(text)]);
    return [elements.map(([, number]) => number), problems];
  };
  assert.deepEqual(numbersOf('[{\n"a":"x\n},{"a":1}]'), [[1, 2], []], 'a string ends with its line');
  assert.deepEqual(numbersOf('[{"a":1}},{"b":2}]'), [[1, 2], []]);
  assert.deepEqual(numbersOf('[{"a":1},{"b":2'), [[1], [['cut document', 2]]]);
  assert.deepEqual(numbersOf('[{"a":1},'), [[1], [['cut document', 2]]]);
  assert.deepEqual(numbersOf('[{"a":1}],{"b":2},{"b":3}]'), [[1], [['not JSON from here on', 2]]]);
  assert.deepEqual(numbersOf('{"a":1}'), [[], [['no entries', 1]]]);
});

test('an element that is too long is passed over, and takes no memory', () => {
  const megabyte = Buffer.alloc(1 << 20, 'x');
  const chunks = [Buffer.from('[1,"'), ...Array.from({ length: maxElementBytes / megabyte.length + 1 }, () => megabyte), Buffer.from('",3]')];
  assert.deepEqual(split([], chunks), { elements: [['1', 1], ['3', 3]], problems: [['entry too long', 2]] });
});
