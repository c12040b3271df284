import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RecogniserCounters } from './counters.ts';
import { keptText } from './kept-text.ts';
import { Recogniser } from './recogniser.ts';
import type { Recognised } from './report.ts';
import { field, messageOf, payloadOf, testTokeniser } from './testing.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('a text stays what it is', () => {
  for (const text of ['', 'uid', 'a key of more than thirteen', 'Sinéad O’Connor of Dún Laoghaire', '小明 und noch viel mehr Zeichen'])
    assert.equal(keptText(text), text);
});

test('what is remembered does not keep the bodies that it was cut from', () => {
  const bodyBytes = 60_000;
  const messages = 400;
  const recogniser = new Recogniser({ tokeniser: testTokeniser, maxPerMessage: 64 }, new RecogniserCounters());
  const kept: (readonly Recognised[])[] = [];
  const filler = 'lorem ipsum '.repeat(bodyBytes / 12);
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  recogniser.recognise(messageOf(field('note', 'warm')));
  const before = heap();
  for (let i = 0; i < messages; i++) {
    const body = Buffer.from(`account_of_holder_${i}=1&email=jane.doe.${i}@example.org&${filler}`).toString('latin1');
    kept.push(recogniser.recognise(payloadOf(Buffer.from(body), 'tcp')));
    const head = Buffer.from(`x-user-identifier-${i}: holder-${10_000 + i}-of-4711 ${filler}`).toString('latin1');
    const [key, value] = [head.slice(0, head.indexOf(':')), head.slice(head.indexOf(' ') + 1, head.indexOf(' lorem'))];
    kept.push(recogniser.recognise(messageOf(field(key, value, `http.request.header.${key}`), field('user_id', value, 'url.query.user_id'))));
  }
  const grown = heap() - before;
  assert.ok(kept.flat().length >= 2 * messages, 'identifiers were recognised');
  assert.ok(grown < messages * bodyBytes / 4, `${Math.round(grown / 1e6)} MB are kept of ${(2 * messages * bodyBytes) / 1e6} MB`);
});
