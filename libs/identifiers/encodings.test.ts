import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { RecogniserCounters } from './counters.ts';
import { Recogniser } from './recogniser.ts';
import { field, messageOf, payloadOf, recognise, testTokeniser } from './testing.ts';
import { readStructure } from './structured.ts';

/** `kind=value encoding` of each. */
const told = (message: Parameters<typeof recognise>[0]): string[] =>
  recognise(message).map(({ observable, value }) => `${observable.kind}=${value} ${observable.encoding}`);
const json = '{"imei":"352099001761481","room_id":"MAx7Kq2P"}';
const expected = (encoding: string): string[] => [`imei=352099001761481 ${encoding}`, `room_id=MAx7Kq2P ${encoding}`];

describe('packed values', () => {
  test('gzip and deflate inside a field', () => {
    assert.deepEqual(told(messageOf(field('d', gzipSync(json).toString('base64')))), expected('base64>gzip'));
    assert.deepEqual(told(messageOf(field('d', deflateSync(json).toString('base64url')))), expected('base64url>deflate'));
    assert.deepEqual(told(messageOf(field('d', gzipSync(json).toString('hex')))), expected('hex>gzip'));
    const assertion = `<saml:NameID>${'x'.repeat(64)}</saml:NameID><Attribute>user_id=471142;</Attribute>`;
    assert.deepEqual(told(messageOf(field('SAMLRequest', deflateRawSync(assertion).toString('base64')))), ['user_id=471142 base64>deflate']);
  });
  test('gzip behind the header of a payload', () => {
    assert.deepEqual(told(payloadOf(Buffer.concat([Buffer.of(0, 1, 0xff, 0x90), gzipSync(json)]))), expected('gzip'));
    assert.deepEqual(told(payloadOf(gzipSync(`${json} and more`).subarray(0, -12))), expected('gzip'), 'without its end');
    assert.deepEqual(told(payloadOf(gzipSync(json).subarray(0, 11))), []);
  });
  test('quoted-printable', () => {
    assert.deepEqual(told(messageOf(field('body', 'see https://x.example/?user_id=3D471142&a=3D1'))), ['user_id=471142 quoted-printable']);
    const line = {
      ...payloadOf(Buffer.from('<a href=3D"https://x.example/?user_id=3D471142&a=3D1">'), 'tcp'),
      encryption: { verdict: 'cleartext', reason: 'text' } as const,
    };
    assert.deepEqual(told(line), ['user_id=471142 quoted-printable']);
  });
  test('no more is unwrapped than the bound', () => {
    const twice = gzipSync(gzipSync(gzipSync(json))).toString('base64');
    assert.deepEqual(told(messageOf(field('d', twice))), []);
  });
});

describe('UTF-16', () => {
  const text = 'user_id=471142&room=lobby';
  const expectedIn = (encoding: string) => [`user_id=471142 ${encoding}`, `room_id=lobby ${encoding}`];
  test('either byte order, in a payload and in a value', () => {
    const little = Buffer.from(text, 'utf16le');
    assert.deepEqual(told(payloadOf(Buffer.concat([Buffer.of(0x90, 0xff), little, Buffer.of(0xff)]))), expectedIn('utf-16le'));
    const big = Buffer.from(little).swap16();
    assert.deepEqual(told(payloadOf(Buffer.concat([Buffer.of(0x90, 0xff), big, Buffer.of(0xff)]))), expectedIn('utf-16be'));
    assert.deepEqual(told(messageOf(field('d', little.toString('base64')))), expectedIn('base64>utf-16le'));
  });
});

describe('claims of a token', () => {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const token = (claims: object) => `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`;
  test('say who carries it', () => {
    const claims = { sub: '88213', email: 'jane@example.org', iat: 1767225600, realm_access: { roles: ['viewer'] }, phone_number: '+4915112345678' };
    assert.deepEqual(told(messageOf(field('Authorization', `Bearer ${token(claims)}`, 'http.request.header.authorization'))), [
      `jwt=${token(claims)} `, 'user_id=88213 jwt', 'email=jane@example.org jwt', 'phone=+4915112345678 jwt',
    ]);
    const [, subject] = recognise(messageOf(field('id_token', token({ sub: '88213' }))));
    assert.deepEqual([subject!.observable.path, subject!.written], ['url.query.id_token.claims.sub', [token({ sub: '88213' })]]);
  });
  test('an encrypted one says nothing', () => {
    assert.deepEqual(
      told(messageOf(field('t', `${part({ alg: 'dir', enc: 'A128GCM' })}.kQ7Zm2XvT8hDrThB.c2ln`))).map((one) => one.split('=')[0]),
      ['jwt'],
    );
  });
});

describe('structures', () => {
  const text = (head: (length: number) => number[]) => (value: string) =>
    Buffer.concat([Buffer.from(head(Buffer.byteLength(value))), Buffer.from(value)]);
  const cborText = text((length) => (length < 24 ? [0x60 + length] : [0x78, length]));
  const packText = text((length) => (length < 32 ? [0xa0 + length] : [0xd9, length]));
  const field1 = text((length) => [0x0a, length]);
  const field2 = text((length) => [0x12, length]);

  test('CBOR (RFC 8949)', () => {
    const document = Buffer.concat([
      Buffer.of(0xa3),
      cborText('uid'),
      Buffer.of(0x1a, 0x00, 0x07, 0x30, 0x66),
      cborText('room'),
      Buffer.of(0xa1),
      cborText('room_id'),
      cborText('MAx7Kq2P'),
      cborText('imei'),
      cborText('352099001761481'),
    ]);
    assert.deepEqual(told(messageOf(field('d', document.toString('base64')))), [
      'user_id=471142 base64>cbor',
      'room_id=MAx7Kq2P base64>cbor',
      'imei=352099001761481 base64>cbor',
    ]);
  });
  test('MessagePack', () => {
    const document = Buffer.concat([
      Buffer.of(0x82),
      packText('user_id'),
      Buffer.of(0xcf, 0, 0, 0, 1, 0x56, 0x1e, 0xd4, 0x4d),
      packText('client_uuid'),
      packText('4f8b21c6-97ad-4e30-b6d2-15c9e07a83f9'),
    ]);
    assert.deepEqual(told(messageOf(field('d', document.toString('base64')))), [
      'user_id=5739828301 base64>msgpack',
      'device_id=4f8b21c6-97ad-4e30-b6d2-15c9e07a83f9 base64>msgpack',
    ]);
  });
  test('Protocol Buffers: strings by shape, entries of maps by name', () => {
    const inner = Buffer.concat([field1('device_id'), field2('4f8b21c6-97ad-4e30-b6d2-15c9e07a83f9')]);
    const document = Buffer.concat([
      Buffer.of(0x08, 0x07),
      Buffer.of(0x12, inner.length),
      inner,
      Buffer.of(0x1a, 36),
      Buffer.from('jane.with-a-long-address@example.org'),
    ]);
    assert.deepEqual(told(payloadOf(document)), [
      'device_id=4f8b21c6-97ad-4e30-b6d2-15c9e07a83f9 protobuf',
      'email=jane.with-a-long-address@example.org protobuf',
    ]);
    const framed = Buffer.concat([Buffer.of(0, 0, 0, 0, document.length), document]);
    assert.equal(told(payloadOf(framed, 'http')).length, 2, 'behind the header of gRPC');
  });
  test('fit to the last byte, or are none', () => {
    const document = Buffer.concat([Buffer.of(0x81), packText('user_id'), packText('471142')]);
    assert.equal(readStructure(document)?.encoding, 'msgpack');
    assert.equal(readStructure(Buffer.concat([document, Buffer.of(0xc1)])), null);
    assert.equal(readStructure(document.subarray(0, -1)), null);
    assert.equal(readStructure(Buffer.from('a plain sentence, nothing more')), null);
    assert.equal(readStructure(Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff)), null);
    assert.equal(readStructure(Buffer.alloc(200, 0x91)), null, 'nested beyond the bound');
  });
});

describe('telephony BCD', () => {
  const tbcd = (digits: string) => Buffer.from(`${digits}${digits.length % 2 === 0 ? '' : 'f'}`.replaceAll(/(.)(.)/g, '$2$1'), 'hex');
  const wrap = (...parts: (Buffer | number[])[]) =>
    payloadOf(Buffer.concat([Buffer.of(0x9f, 0xee, 0xf1), ...parts.map((part) => Buffer.from(part)), Buffer.of(0xfe)]));
  test('behind a tag and its length', () => {
    assert.deepEqual(told(wrap([0x04, 8], tbcd('262011234567890'))), ['imsi=262011234567890 tbcd']);
    assert.deepEqual(told(wrap([1, 0, 8, 0], tbcd('262011234567890'))), ['imsi=262011234567890 tbcd']);
    assert.deepEqual(told(wrap([75, 0, 8, 0], tbcd('3520990017614823'))), ['imei=3520990017614823 tbcd']);
  });
  test('not alone, and not without a country', () => {
    assert.deepEqual(told(wrap(tbcd('262011234567890'))), []);
    assert.deepEqual(told(wrap([0x04, 8], tbcd('992011234567890'))), []);
  });
});

describe('digests', () => {
  const hash = (algorithm: string, value: string, encoding: 'hex' | 'base64' = 'hex') => createHash(algorithm).update(value).digest(encoding);
  test('of an identifier that was seen are that identifier', () => {
    const email = 'maren.holt@example.org';
    recognise(messageOf(field('email', 'Maren.Holt@example.org')));
    for (const [algorithm, digest] of [
      ['md5', hash('md5', email)],
      ['sha1', hash('sha1', email).toUpperCase()],
      ['sha256', hash('sha256', email)],
      ['sha256', hash('sha256', email, 'base64')],
      ['md5', hash('md5', 'Maren.Holt@example.org')],
    ] as const) {
      const [one] = recognise(messageOf(field('h', digest)));
      assert.deepEqual(
        [one?.observable.kind, one?.observable.encoding, one?.observable.token],
        ['email', algorithm, testTokeniser.token(email)],
        algorithm,
      );
      assert.ok(!one!.observable.mask.includes(digest.slice(0, 4)));
    }
    assert.deepEqual(told(messageOf(field('h', hash('sha256', 'someone.else@example.org')))), []);
  });
  test('under names that say so', () => {
    const digest = hash('sha256', 'nobody.seen@example.org');
    for (const key of ['em', 'hashed_email', 'sha256_email', 'email_hash', 'emailSha256']) {
      assert.deepEqual(told(messageOf(field(key, digest))), [`email=${digest} sha256`], key);
    }
    assert.deepEqual(told(messageOf(field('sha256', digest), field('file_hash', digest), field('em', 'x'), field('etag', digest))), []);
  });
  test('of what is secret are not remembered', () => {
    recognise(messageOf(field('password', 'correct-horse-7')));
    assert.deepEqual(told(messageOf(field('h', hash('md5', 'correct-horse-7')))), []);
  });
});

test('of a structure with more values than are taken the first are, and that is counted', () => {
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(0xa0 | value.length), Buffer.from(value)]);
  const names = ['user_id', ...Array.from({ length: 298 }, (_, i) => `item${i}`), 'room_id'];
  const bytes = Buffer.concat([Buffer.of(0xde, 0x01, 0x2c), ...names.flatMap((name, i) => [text(name), text(`v-${4711 + i}x`)])]);
  for (const message of [messageOf(field('d', bytes.toString('base64'))), payloadOf(bytes)]) {
    const counters = new RecogniserCounters();
    const recogniser = new Recogniser({ tokeniser: testTokeniser, maxPerMessage: 64 }, counters);
    assert.ok(recogniser.recognise(message).some(({ observable, value }) => observable.kind === 'user_id' && value === 'v-4711x'));
    assert.deepEqual([recogniser.readInFull, counters.truncated], [false, 1]);
  }
});
