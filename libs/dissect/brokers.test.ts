import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytes, hex, prefixed, u16, u32, u8 } from './testing/bytes.ts';
import { dissectStream, fieldsOf, type Packet } from './testing/packets.ts';

/** `frame protocol field …` of each message, and the number of content bytes that it passes on. */
function told(packets: readonly Packet[]): string[] {
  return dissectStream(packets).messages.map(
    (message) => [
      message.frame, message.protocol, ...fieldsOf(message), ...(message.payload === null ? [] : [`+${message.payload.length}`]),
    ].join(' '),
  );
}

// RFC 7677, section 3.
const first = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
const last = 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
const proof = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';

describe('MongoDB', () => {
  const u32le = (value: number): Buffer => Buffer.from(u32(value)).reverse();
  const document = (...elements: Buffer[]): Buffer => prefixed((length) => u32le(length + 4), ...elements, u8(0));
  const element = (type: number, name: string, ...value: (Buffer | string)[]): Buffer => bytes(u8(type), `${name}\0`, ...value);
  const text = (name: string, value: string): Buffer => element(2, name, prefixed(u32le, `${value}\0`));
  const binary = (name: string, value: string): Buffer => element(5, name, u32le(value.length), u8(0), value);
  const one = (name: string): Buffer => element(16, name, u32le(1));
  const packet = (operation: number, answered: number, ...body: Buffer[]): Buffer => prefixed(
    (length) => u32le(length + 4), u32le(7), u32le(answered), u32le(operation), ...body,
  );
  const message = (...elements: Buffer[]): Packet => ['source', packet(2013, 0, hex('00000000 00'), document(...elements))];
  const answer: Packet = ['destination', packet(2013, 7, hex('00000000 00'), document(one('ok')))];

  test('a login within hello, and its proof; what follows is handed over', () => {
    const hello = message(
      one('hello'),
      text('saslSupportedMechs', 'admin.jane'),
      element(3, 'client', document(text('user', 'nobody'))),
      element(
        3,
        'speculativeAuthenticate',
        document(one('saslStart'), text('mechanism', 'SCRAM-SHA-256'), binary('payload', first), text('db', 'admin')),
      ),
      text('$db', 'admin'),
    );
    const find = message(text('find', 'people'), element(3, 'filter', document(text('user', 'joe'), binary('payload', last))), text('$db', 'shop'));
    assert.deepEqual(told([hello, answer, message(one('saslContinue'), binary('payload', last)), answer, find]), [
      '1 mongodb mongodb.login.user_name=jane mongodb.login.user_name=user', '2 mongodb +18', `3 mongodb mongodb.login.response=${proof}`,
      '4 mongodb +18', `5 mongodb +${find[1].length - 16}`,
    ]);
  });

  test('the first protocol: a query, the challenge of MONGODB-CR, PLAIN, and a user that is made', () => {
    const query = (...elements: Buffer[]): Packet => [
      'source', packet(2004, 0, u32le(0), bytes('admin.$cmd\0'), u32le(0), u32le(1), document(...elements)),
    ];
    const key = '7d1c0e523a9b4f7e8c215b0d9a6e4f13';
    assert.deepEqual(
      told([
        query(one('isMaster')), query(one('authenticate'), text('user', 'jane'), text('nonce', 'a1'), text('key', key)),
        message(one('saslStart'), text('mechanism', 'PLAIN'), binary('payload', '\0joe\0s3same')),
        message(text('createUser', 'ann'), text('pwd', 'letme1n')),
      ]),
      [
        '1 mongodb', `2 mongodb mongodb.login.user_name=jane mongodb.login.response=${key}`,
        '3 mongodb mongodb.login.user_name=joe mongodb.login.password=s3same',
        '4 mongodb mongodb.login.user_name=ann mongodb.login.password=letme1n',
      ],
    );
  });

  test('what begins with a length alone is none', () => {
    assert.deepEqual(told([['source', packet(2012, 0, Buffer.alloc(40))]]), ['1 tcp +56']);
    assert.deepEqual(told([['source', packet(2013, 9, Buffer.alloc(40))]]), ['1 tcp +56']);
  });
});

describe('Kafka', () => {
  const request = (key: number, version: number, ...body: (Buffer | string)[]): Packet => [
    'source', prefixed(u32, u16(key), u16(version), u32(5), prefixed(u16, 'orders-7'), ...body),
  ];
  const answer: Packet = ['destination', prefixed(u32, u32(5), u16(0))];

  test('PLAIN behind either version of the handshake', () => {
    const expected = 'kafka.login.user_name=jane kafka.login.password=s3same';
    assert.deepEqual(
      told([
        request(18, 0), answer, request(17, 1, prefixed(u16, 'PLAIN')), answer, request(36, 0, prefixed(u32, '\0jane\0s3same')), answer,
        request(1, 4, 'fetch'),
      ]).filter((line) => !line.endsWith('+6')),
      ['1 kafka', '3 kafka +25', `5 kafka ${expected}`, '7 kafka +23'],
    );
    assert.deepEqual(
      told([request(17, 0, prefixed(u16, 'PLAIN')), answer, ['source', prefixed(u32, '\0jane\0s3same')]]),
      ['1 kafka', '2 kafka +6', `3 kafka ${expected}`],
    );
  });

  test('SCRAM in the flexible version', () => {
    const flexible = (value: string): Packet => request(36, 2, hex('01 00 02 6162'), u8(value.length + 1), value, hex('00'));
    assert.deepEqual(told([request(17, 1, prefixed(u16, 'SCRAM-SHA-256')), flexible(first), flexible(last)]), [
      '1 kafka', '2 kafka kafka.login.user_name=user', `3 kafka kafka.login.response=${proof}`,
    ]);
  });

  test('another request, or a name that does not fit, is none', () => {
    assert.deepEqual(told([request(0, 0, 'x')]).map((line) => line.split(' ')[1]), ['tcp']);
    assert.deepEqual(told([['source', bytes(u32(11), u16(18), u16(0), u32(5), u16(9), 'x')]]).map((line) => line.split(' ')[1]), ['tcp']);
  });
});

describe('FIX', () => {
  const message = (...parts: string[]): Buffer => {
    const body = parts.map((part) => `${part}\x01`).join('');
    return Buffer.from(`8=FIX.4.4\x019=${body.length}\x01${body}10=042\x01`);
  };
  const logon = message('35=A', '49=HARBOUR', '56=BANK', '34=1', '98=0', '108=30', '553=jane', '554=s3same', '925=letme1n');

  test('user and passwords of a logon, and the account of an order, split anywhere', () => {
    const order = message('35=D', '49=HARBOUR', '1=ACC-48213', '55=XYZ', '38=100');
    const expected = ['fix.login.user_name=jane', 'fix.login.password=s3same', 'fix.login.password=letme1n'].join(' ');
    assert.deepEqual(told([['source', bytes(logon, order)], ['destination', message('35=0', '49=BANK')]]), [
      `1 fix ${expected}`, '1 fix fix.account=ACC-48213', '2 fix +35',
    ]);
    assert.deepEqual(
      told([['source', logon.subarray(0, 7)], ['source', logon.subarray(7, 30)], ['source', logon.subarray(30)]]), [`3 fix ${expected}`],
    );
  });

  test('other text is none', () => {
    assert.deepEqual(told([['source', '8=FIX is not it, whatever follows']]).map((line) => line.split(' ')[1]), ['tcp']);
  });
});
