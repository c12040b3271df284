import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Field } from '#dissect';
import { catalogue } from './catalogue.ts';
import { RecogniserCounters } from './counters.ts';
import { FieldMemory } from './field-memory.ts';
import { KeyNames } from './key-names.ts';
import { Recogniser } from './recogniser.ts';
import { field, messageOf, testTokeniser } from './testing.ts';

function told(recogniser: Recogniser, ...fields: Field[]): string[] {
  return recogniser
    .recognise(messageOf(...fields))
    .map(
      ({ observable, value, written }) =>
        `${observable.kind} ${value} ${observable.path} ${observable.encoding} ${observable.frame} ${written.join()}`,
    );
}

const create = (maxPerMessage = 64): Recogniser => new Recogniser({ tokeniser: testTokeniser, maxPerMessage }, new RecogniserCounters());

describe('a field that was read before', () => {
  const fields = [
    field('uid', '471142'), field('token', Buffer.from('{"user_id":"471142983"}').toString('base64')), field('q', 'harbour'),
    field('Authorization', 'Basic amFuZTpjb3JyZWN0LWhvcnNl', 'http.request.header.authorization'), field('password', 'password1'),
  ];
  test('tells the same again, from its own packet', () => {
    const recogniser = create();
    const first = told(recogniser, ...fields);
    assert.equal(first.length, 4);
    const later = fields.map((one): Field => ({ ...one, frame: 12, sender: 'destination' }));
    assert.deepEqual(told(recogniser, ...later), first.map((line) => line.replace(' 9 ', ' 12 ')));
  });
  test('in another encoding tells it with that', () => {
    const recogniser = create();
    told(recogniser, field('uid', '471142'));
    assert.deepEqual(told(recogniser, field('uid', '471142', 'url.query.uid', 'url')), ['user_id 471142 url.query.uid url 9 ']);
  });
  test('under another key or path is read anew', () => {
    const recogniser = create();
    const cookie = 'http.request.header.cookie.ssid';
    assert.deepEqual(told(recogniser, field('ssid', 'AzQ7kP2mX9vT4nB8c', 'udp.ssid')).map((line) => line.split(' ')[0]), ['ssid']);
    assert.deepEqual(told(recogniser, field('ssid', 'AzQ7kP2mX9vT4nB8c', cookie)).map((line) => line.split(' ')[0]), ['session_token']);
    assert.deepEqual(told(recogniser, field('q', 'AzQ7kP2mX9vT4nB8c', cookie)), []);
    assert.deepEqual(
      told(recogniser, field('password', 'password', 'ftp.login.password')).map((line) => line.split(' ')[0]),
      ['password'],
      'a key that is its own value',
    );
  });
  test('is read anew when a bound bit at first', () => {
    const recogniser = create(1);
    assert.equal(told(recogniser, field('uid', '471142'), field('email', 'jane@example.org')).length, 1);
    assert.deepEqual(told(recogniser, field('email', 'jane@example.org')).length, 1);
  });
  test('tells a value as the digest that it has become since', () => {
    const recogniser = create();
    const digest = field('h', createHash('md5').update('jane.doe@example.org').digest('hex'));
    assert.deepEqual(told(recogniser, digest), []);
    told(recogniser, field('email', 'jane.doe@example.org'));
    assert.deepEqual(told(recogniser, digest).map((line) => line.split(' ')[3]), ['md5']);
  });
});

test('what is met again and again is remembered, and the rest for a generation more', () => {
  const memory = new FieldMemory(new KeyNames(catalogue));
  const one = field('q', 'harbour');
  const knows = (text: string): boolean => memory.recall(memory.of(one), text, '') !== null;
  const fill = (name: string): void => {
    for (let i = 0; i < 8192; i++) memory.remember(memory.of(one), `${name} ${i}`, '', []);
  };
  for (const text of ['harbour', 'lighthouse']) memory.remember(memory.of(one), text, '', []);
  fill('first');
  assert.ok(knows('harbour'));
  fill('second');
  assert.deepEqual([knows('harbour'), knows('lighthouse'), knows('first 9'), knows('second 9')], [true, false, false, true]);
  fill('third');
  fill('fourth');
  assert.ok(!knows('harbour'));
});
