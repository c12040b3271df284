import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Message } from '#dissect';
import { RecogniserCounters } from './counters.ts';
import type { Watch } from './reading.ts';
import { Recogniser } from './recogniser.ts';
import { field, messageOf, payloadOf, testTokeniser } from './testing.ts';
import { createWatchKey } from './watch-key.ts';
import { WatchScanner } from './watch-scanner.ts';
import { parseWatchlist, serialiseWatchlist, watch, type Watchlist } from './watchlist.ts';

const key = createWatchKey(Buffer.alloc(32, 7), testTokeniser.keyId);
const listOf = (name: string, ...values: [value: string, kind?: string][]): Watchlist => ({
  name,
  entries: values.map(([value, kind = '']) => watch(value, kind, testTokeniser, key)),
});

const lists = [
  listOf('accounts', ['harbour-admin7'], ['jonas.weiss'], ['471142983', 'user_id'], ['4715028369520184', 'user_id']),
  listOf('people', ['jane.doe@example.org'], ['+4915112345678'], ['352099001761481', 'imei'], ['3C:15:C2:9A:01:FE'], ['262011234567890', 'imsi']),
];

function recogniserWith(watched: readonly Watchlist[] = lists): Recogniser {
  const recogniser = new Recogniser({ tokeniser: testTokeniser, maxPerMessage: 64 }, new RecogniserCounters());
  recogniser.watch(new WatchScanner(watched, key) as Watch);
  return recogniser;
}

/** `list kind encoding path` of each listed value found. */
function told(message: Message, recogniser = recogniserWith()): string[] {
  return recogniser.recognise(message).filter(({ observable }) => observable.watchlist !== '')
    .map(({ observable }) => `${observable.watchlist} ${observable.kind} ${observable.encoding} ${observable.path}`);
}

const opaque = (...parts: (Buffer | string | number[])[]): Message => payloadOf(Buffer.concat(parts.map((part) => Buffer.from(part as string))));

describe('a value of a watchlist is found', () => {
  test('beyond ASCII, in fields and in payloads', () => {
    const recogniser = recogniserWith([listOf('names', ['jörg.weiß'], ['王小明字'])]);
    for (const value of ['jörg.weiß', 'Jörg.Weiß', '王小明字']) {
      assert.deepEqual(told(messageOf(field('q', `ask ${value} about it`)), recogniser), ['names watched_value  url.query.q']);
      assert.deepEqual(told(opaque([1, 0, 7], value, [0, 7]), recogniser), ['names watched_value  udp.payload@3']);
      assert.deepEqual(
        told({ ...payloadOf(Buffer.from(`ask ${value} about it`), 'tcp'), encryption: { verdict: 'cleartext', reason: '' } }, recogniser),
        ['names watched_value  tcp.payload@4'],
      );
    }
  });

  test('where nothing else says what it is', () => {
    assert.deepEqual(told(messageOf(field('q', 'ask harbour-admin7 about it'))), ['accounts watched_value  url.query.q']);
    assert.deepEqual(told(messageOf(field('', '/files/471142983/a', 'url.path'))), ['accounts user_id  url.path']);
    assert.deepEqual(told(messageOf(field('x', 'dev352099001761481'), field('y', '352099001761481'))), ['people imei  url.query.y']);
    assert.deepEqual(told(messageOf(field('n', '0151 12345678'), field('m', '015112345678'))), ['people phone  url.query.m']);
    assert.deepEqual(told(messageOf(field('h', '3c15c29a01fe'))), ['people mac  url.query.h']);
  });
  test('in part of a run: of an address, a cookie, a host name', () => {
    assert.deepEqual(
      told(messageOf(field('c', 'hub-user-harbour-admin7'))),
      [],
      'a value with a sign inside is found whole, not inside a longer run',
    );
    assert.deepEqual(told(messageOf(field('c', 'jonas.weiss@host.example'))), ['accounts watched_value  url.query.c']);
    assert.deepEqual(told(messageOf(field('c', 'id_471142983_x'))), ['accounts user_id  url.query.c']);
  });
  test('with the token that it has wherever it is recognised', () => {
    const recogniser = recogniserWith();
    const tokens = [field('email', 'Jane.Doe@Example.org'), field('h', createHash('sha256').update('jane.doe@example.org').digest('hex'))]
      .flatMap((one) => recogniser.recognise(messageOf(one)))
      .map(({ observable }) => `${observable.kind} ${observable.token} ${observable.watchlist} ${observable.mask}`);
    assert.deepEqual(new Set(tokens).size, 1);
    assert.ok(tokens[0]!.startsWith(`email ${testTokeniser.token('jane.doe@example.org')} people J***@E`));
  });
  test('in its encodings', () => {
    const value = 'jane.doe@example.org';
    const base64 = Buffer.from(value).toString('base64');
    const digest = (algorithm: string) => createHash(algorithm).update(value).digest();
    assert.deepEqual(told(messageOf(field('d', base64))), ['people email base64 url.query.d']);
    assert.deepEqual(told(messageOf(field('d', `1|${Buffer.from(value).toString('hex')}|x`))), ['people email hex url.query.d']);
    assert.deepEqual(told(messageOf(field('d', `a:${base64.replace(/=+$/, '')};b`))), ['people email base64 url.query.d']);
    for (const algorithm of ['md5', 'sha1', 'sha256']) {
      assert.deepEqual(told(messageOf(field('d', `v1;${digest(algorithm).toString('hex').toUpperCase()}`))), [
        `people email ${algorithm} url.query.d`,
      ]);
      assert.deepEqual(told(messageOf(field('d', digest(algorithm).toString('base64')))), [`people email base64>${algorithm} url.query.d`]);
      assert.deepEqual(told(opaque([0x90, 0xff], digest(algorithm), [0xfe])), [`people email ${algorithm} udp.payload@2`]);
    }
    assert.deepEqual(told(messageOf(field('d', gzipSync('{"who":"harbour-admin7"}').toString('base64')))), [
      'accounts watched_value base64>gzip url.query.d',
    ]);
    assert.deepEqual(told(opaque([0x90, 0xff, 1], Buffer.from('xx harbour-admin7 yy', 'utf16le'), [0xff])), [
      'accounts watched_value utf-16le udp.payload@0',
    ]);
  });
  test('in binary payloads, behind a length and between other bytes', () => {
    assert.deepEqual(told(opaque([0xff, 0x91, 14], 'harbour-admin7', [11], 'nextfieldxx')), ['accounts watched_value  udp.payload@3']);
    assert.deepEqual(told(opaque([0xff, 0x91, 0, 9], '471142983abc', [0x80])), ['accounts user_id  udp.payload@4']);
    assert.deepEqual(told(opaque([0x91, 0xfe], Buffer.from('3c15c29a01fe', 'hex'), [0xff])), ['people mac binary udp.payload@2']);
    assert.deepEqual(told(opaque([0x91, 0xfe], Buffer.from('62021132547698f0', 'hex'), [0xff])), ['people imsi tbcd udp.payload@2']);
    const long = Buffer.alloc(8);
    long.writeBigUInt64LE(4715028369520184n);
    assert.deepEqual(told(opaque([0x91], long, [0xff])), ['accounts user_id u64le udp.payload@1']);
  });
  test('as an integer of four bytes once it was seen twice at the same place', () => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(471142983);
    const recogniser = recogniserWith();
    const packet = (...head: number[]) => opaque(head, number, [0xff, 0xfe]);
    assert.deepEqual(told(packet(0x91, 1), recogniser), []);
    assert.deepEqual(told(packet(0x91, 1, 2), recogniser), [], 'at another place');
    assert.deepEqual(told(packet(0x91, 2), recogniser), ['accounts user_id u32be udp.payload@2']);
  });
});

describe('what is not on a list gives nothing', () => {
  test('neighbours of the values', () => {
    assert.deepEqual(
      told(messageOf(field('q', 'harbour-admin'), field('r', 'harbour-admin77'), field('s', '471142984'), field('t', 'jane@example.org'))),
      [],
    );
  });
  test('random bytes and texts', () => {
    const recogniser = recogniserWith();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1400 }), fc.string({ maxLength: 200 }), (bytes, text) => {
      assert.deepEqual(told({ ...messageOf(field('d', text)), payload: Buffer.from(bytes) }, recogniser), []);
    }), { numRuns: 300 });
  });
  test('a list that was taken away', () => {
    const recogniser = recogniserWith();
    recogniser.watch(null);
    assert.deepEqual(told(messageOf(field('q', 'harbour-admin7')), recogniser), []);
  });
});

describe('the bounds', () => {
  test('a message with too many candidates is read in part, and counted', () => {
    const counters = new RecogniserCounters();
    const recogniser = new Recogniser({ tokeniser: testTokeniser, maxPerMessage: 64 }, counters);
    recogniser.watch(new WatchScanner(lists, key) as Watch);
    recogniser.recognise(messageOf(field('d', '123456789 '.repeat(6000)), field('e', '123456789 '.repeat(6000))));
    assert.ok(counters.unwatched > 0);
  });
  test('values that cannot be told from other text are refused, without naming them', () => {
    for (const [value, kind, problem] of [
      ['abc', '', /too short/],
      ['1234', '', /too short/],
      ['x'.repeat(129), '', /longer than 128/],
      ['no-address', 'email', /^the value is not a valid email$/],
      ['jane', 'nonsense', /no kind "nonsense"/],
    ] as const) {
      assert.throws(
        () => watch(value, kind, testTokeniser, key),
        (error: Error) => error instanceof RangeError && problem.test(error.message) && !error.message.includes(value),
      );
    }
  });
});

describe('the file of a list', () => {
  const text = serialiseWatchlist(lists[1]!, key.keyId);
  test('is read as it was written, and holds no value in any spelling', () => {
    assert.deepEqual(parseWatchlist(text, 'people.jsonl', key.keyId), lists[1]);
    for (const value of [
      'jane.doe',
      'example.org',
      '4915112345678',
      '352099001761481',
      '3c15c29a01fe',
      createHash('md5').update('jane.doe@example.org').digest('hex'),
    ])
      assert.ok(!text.toLowerCase().includes(value), value);
  });
  test('is refused with file and line where it is none', () => {
    const [head, first] = text.split('\n') as [string, string];
    const cases: [string, RegExp][] = [
      ['', /l\.jsonl:1: the line is not a JSON object/],
      ['{}', /l\.jsonl:1: the file is not a watchlist/],
      [head.replace(key.keyId, '00000000'), /l\.jsonl:1: the list was made with token key 00000000/],
      [head.replace('"version":1', '"version":9'), /l\.jsonl:1: the list has version 9/],
      [`${head}\n${first}\n{`, /l\.jsonl:3: the line is not a JSON object/],
      [`${head}\n${first.replace('"email"', '"emial"')}`, /l\.jsonl:2: the catalogue does not have the kind/],
      [`${head}\n${first.replace(':hex"', ':he x"')}`, /l\.jsonl:2: a spelling/],
      [`${head}\n{"kind":"email"}`, /l\.jsonl:2: the entry needs kind/],
    ];
    for (const [written, problem] of cases) assert.throws(() => parseWatchlist(written, 'l.jsonl', key.keyId), problem);
  });
  test('says nothing of its values to who has another key', () => {
    const other = createWatchKey(Buffer.alloc(32, 8), testTokeniser.keyId);
    const recogniser = new Recogniser({ tokeniser: testTokeniser, maxPerMessage: 64 }, new RecogniserCounters());
    recogniser.watch(new WatchScanner(lists, other) as Watch);
    assert.deepEqual(told(messageOf(field('q', 'harbour-admin7')), recogniser), []);
  });
});
