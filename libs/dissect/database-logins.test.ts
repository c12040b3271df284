import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dissectStream, fieldsOf, type Packet } from './testing/packets.ts';

/** `frame protocol verdict field …` of each message, and the number of content bytes that it passes on. */
function told(packets: readonly Packet[]): string[] {
  return dissectStream(packets).messages.map((message) =>
    [
      message.frame,
      message.protocol,
      message.encryption.verdict,
      ...fieldsOf(message),
      ...(message.payload === null ? [] : [`+${message.payload.length}`]),
    ].join(' '),
  );
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

const clientHello = hex('16030100050100000103');

describe('PostgreSQL', () => {
  const startup = Buffer.concat([hex('00030000'), Buffer.from('user\0jane\0database\0shop\0\0')]);
  const length = hex(`000000${(startup.length + 4).toString(16)}`);

  test('the user of the startup message, and a password that the server asks to have in clear', () => {
    assert.deepEqual(
      told([
        ['source', hex('00000008 04d2162f')], ['destination', 'N'], ['source', Buffer.concat([length, startup])],
        ['destination', hex('52 00000008 00000003')], ['source', Buffer.concat([hex('70 0000000b'), Buffer.from('sesame\0')])],
        ['destination', hex('52 00000008 00000000')], ['source', Buffer.from('Q\0\0\0\x0aSELECT\0')],
      ]),
      [
        '3 postgresql cleartext postgresql.login.user_name=jane', '5 postgresql cleartext postgresql.login.password=sesame',
        '6 postgresql cleartext +4', '7 postgresql cleartext +6',
      ],
    );
  });

  test('queries and results are handed over up to a bound in each direction, and then no more', () => {
    const query = Buffer.concat([hex('51 00000023'), Buffer.from("SELECT 1, 'jane@example.org' AS x\0").subarray(0, 31)]);
    const login: Packet[] = [['source', Buffer.concat([length, startup])], ['destination', hex('52 00000008 00000000')]];
    const { messages, counters } = dissectStream([...login, ['source', query], ['source', query], ['source', query]], { maxUnclaimedBytes: 70 });
    assert.deepEqual(messages.map(({ payload }) => payload?.length ?? 0), [0, 4, 31, 31]);
    assert.match(messages[2]!.payload!.toString(), /jane@example\.org/);
    assert.equal(counters.get('postgresql', 'bounded payload'), 1);
  });

  test('the proof of SCRAM, behind the user in the first message', () => {
    // RFC 7677, section 3.
    const first = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
    const last = 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
    const message = (type: string, body: Buffer): Buffer =>
      Buffer.concat([Buffer.from(type), hex((body.length + 4).toString(16).padStart(8, '0')), body]);
    const initial = Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), hex(first.length.toString(16).padStart(8, '0')), Buffer.from(first)]);
    assert.deepEqual(told([
      ['source', Buffer.concat([length, startup])],
      ['destination', message('R', Buffer.concat([hex('0000000a'), Buffer.from('SCRAM-SHA-256\0\0')]))], ['source', message('p', initial)],
      [
        'destination',
        message('R', Buffer.concat([
          hex('0000000b'), Buffer.from('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'),
        ])),
      ],
      ['source', message('p', Buffer.from(last))],
      ['destination', message('R', Buffer.concat([hex('0000000c'), Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')]))],
    ]), [
      '1 postgresql cleartext postgresql.login.user_name=jane', '3 postgresql cleartext postgresql.login.user_name=user',
      '5 postgresql cleartext postgresql.login.response=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    ]);
  });

  test('an answer of md5 is no password, and what follows an accepted request for TLS is TLS', () => {
    const digest: Packet[] = [
      ['destination', hex('52 0000000c 00000005 01020304')],
      ['source', Buffer.concat([hex('70 00000028'), Buffer.from(`md5${'0'.repeat(32)}\0`)])],
    ];
    assert.deepEqual(told([['source', Buffer.concat([length, startup])], ...digest]), [
      '1 postgresql cleartext postgresql.login.user_name=jane', `3 postgresql cleartext postgresql.login.response=md5${'0'.repeat(32)}`,
    ]);
    assert.deepEqual(told([['source', hex('00000008 04d2162f')], ['destination', 'S'], ['source', clientHello]]), ['3 tls encrypted']);
  });
});

describe('MySQL', () => {
  const greeting: Packet = ['destination', Buffer.concat([hex('4a000000 0a'), Buffer.from('8.0.36\0'.padEnd(73, '\0'))])];
  const login = (capabilities: string, rest: Buffer) =>
    Buffer.concat([hex(`${(32 + rest.length).toString(16)}000001 ${capabilities}0000 00000001 21`), Buffer.alloc(23), rest]);

  test('the user of a login, and of a change of user', () => {
    assert.deepEqual(
      told([
        greeting, ['source', login('0002', Buffer.from('jane\0\0'))], ['destination', hex('07000002 00000002000000')],
        ['source', Buffer.concat([hex('07000000 03'), Buffer.from('COMMIT')])],
        ['source', Buffer.concat([hex('05000000 11'), Buffer.from('joe\0')])],
      ]),
      [
        '1 mysql cleartext', '2 mysql cleartext mysql.login.user_name=jane', '3 mysql cleartext +7', '4 mysql cleartext +7',
        '5 mysql cleartext mysql.login.user_name=joe',
      ],
    );
  });

  test('what a challenge is answered with, at the login, behind a change of plugin, and at a change of user', () => {
    const answer = '7d1c0e523a9b4f7e8c215b0d9a6e4f13a17c3e90';
    // Capabilities: protocol 4.1, database, one-byte response length, named plugin.
    const full = (plugin: string) => {
      const rest = Buffer.concat([Buffer.from('jane\0'), hex(`14${answer}`), Buffer.from(`shop\0${plugin}\0`)]);
      return Buffer.concat([hex(`${(32 + rest.length).toString(16)}000001 08820800 00000001 21`), Buffer.alloc(23), rest]);
    };
    const frame = (number: number, ...parts: (Buffer | string)[]): Buffer => {
      const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
      return Buffer.concat([Buffer.from([body.length, 0, 0, number]), body]);
    };
    const sha256 = 'b913a602c7eda7a495b4e6e7334d3890b913a602c7eda7a495b4e6e7334d3891';
    assert.deepEqual(told([
      greeting, ['source', full('mysql_native_password')],
      ['destination', frame(2, hex('fe'), 'caching_sha2_password\0', hex('0102030405060708'))], ['source', frame(3, hex(sha256))],
      ['destination', frame(4, hex('0103'))], ['destination', frame(5, hex('00 000002000000'))],
      ['source', frame(0, hex('11'), 'joe\0', hex(`14${answer}`), 'shop\0', hex('2100'), 'mysql_native_password\0')],
      ['destination', frame(1, hex('fe'), 'mysql_clear_password\0')],
      ['source', frame(2, 's3same\0')], ['destination', frame(3, hex('ff'))], ['source', frame(0, hex('03'), 'SELECT 1')],
    ]), [
      '1 mysql cleartext', `2 mysql cleartext mysql.login.user_name=jane mysql.login.response=${answer}`,
      `4 mysql cleartext mysql.login.response=${sha256}`, '6 mysql cleartext +7',
      `7 mysql cleartext mysql.login.user_name=joe mysql.login.response=${answer}`, '9 mysql cleartext mysql.login.password=s3same',
      '10 mysql cleartext +1', '11 mysql cleartext +9',
    ]);
    assert.deepEqual(
      told([greeting, ['source', full('mysql_clear_password').fill(0x61, 42, 62)]]).at(-1),
      `2 mysql cleartext mysql.login.user_name=jane mysql.login.password=${'a'.repeat(20)}`,
    );
    assert.deepEqual(
      told([greeting, ['source', full('mysql_native_password')], ['source', frame(0, hex('03'), 'SELECT 1, 2, 3, 4, 5')]]).at(-1),
      '3 mysql cleartext +21',
      'a query, though the answer to the login was not seen',
    );
  });

  test('TLS', () => {
    assert.deepEqual(told([greeting, ['source', login('000a', Buffer.alloc(0))], ['source', clientHello]]), ['1 mysql cleartext', '3 tls encrypted']);
  });
});

describe('TDS', () => {
  const prelogin: Packet = ['source', hex('12 01 000f 0000 01 00 00 0006 0001 ff 00')];

  test('a login that is not encrypted: host, user and password', () => {
    const text = (value: string) => Buffer.from(value, 'utf16le');
    const secret = text('sesame').map((byte) => (((byte << 4) | (byte >> 4)) & 0xff) ^ 0xa5);
    const fixed = Buffer.alloc(94);
    const texts = [text('PC-7'), text('jane'), Buffer.from(secret)];
    texts.reduce((start, bytes, index) => {
      fixed.writeUInt16LE(start, 36 + 4 * index);
      fixed.writeUInt16LE(bytes.length / 2, 38 + 4 * index);
      return start + bytes.length;
    }, fixed.length);
    const login = Buffer.concat([fixed, ...texts]);
    const packet = Buffer.concat([hex(`10 01 00${(login.length + 8).toString(16)} 0000 01 00`), login]);
    assert.deepEqual(told([prelogin, ['destination', hex('04 01 0009 0000 01 00 00')], ['source', packet]]), [
      '1 tds cleartext',
      '2 tds cleartext +1',
      '3 tds cleartext tds.login.workstation=PC-7 tds.login.user_name=jane tds.login.password=(tds)sesame',
    ]);
  });

  test('TLS inside its packets', () => {
    assert.deepEqual(told([prelogin, ['source', Buffer.concat([hex('12 01 0012 0000 00 00'), clientHello])]]), [
      '1 tds cleartext',
      '2 tds encrypted',
    ]);
  });
});
