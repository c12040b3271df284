import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytes, hex, prefixed, u16, u32, u8 } from './testing/bytes.ts';
import { dissectStream, fieldsOf, type Packet } from './testing/packets.ts';

/** `frame protocol field …` of each message, and the number of content bytes that it passes on. */
function told(packets: readonly Packet[]): string[] {
  return dissectStream(packets).messages.map((message) =>
    [message.frame, message.protocol, ...fieldsOf(message), ...(message.payload === null ? [] : [`+${message.payload.length}`])].join(' '),
  );
}

describe('DRDA', () => {
  const object = (code: string, ...value: (Buffer | string)[]): Buffer => prefixed((length) => u16(length + 2), hex(code), ...value);
  const packet = (...objects: Buffer[]): Buffer => prefixed((length) => u16(length + 2), hex('d001 0001'), ...objects);
  const begin: Packet = ['source', packet(object('1041', object('115e', hex('848282'))))];

  test('user and password, in EBCDIC and in UTF-8; what follows is content', () => {
    // JANE and S3same-1.
    const ebcdic = packet(
      object('106e', object('11a2', hex('0003')), object('11a1', hex('e2f3a2819485 60 f1')), object('11a0', hex('d1c1d5c540404040'))),
    );
    assert.deepEqual(
      told([
        begin, ['destination', packet(object('1443', hex('00')))], ['source', ebcdic], ['destination', packet(object('1219', hex('00')))],
      ]),
      ['1 drda', '3 drda drda.login.password=S3same-1 drda.login.user_name=JANE', '4 tcp +11'],
    );
    const utf8 = packet(object('106e', object('11a1', 's3same'), object('11a0', 'jané')));
    assert.deepEqual(told([begin, ['source', utf8]]), ['1 drda', '2 drda drda.login.password=s3same drda.login.user_name=jané']);
  });

  test('a login whose names are encrypted tells none, and another beginning is none', () => {
    assert.deepEqual(told([begin, ['source', packet(object('106e', object('11a2', hex('0009')), object('11dc', Buffer.alloc(8, 9))))]]), [
      '1 drda',
      '2 drda',
    ]);
    assert.deepEqual(
      told([['source', packet(object('2414', hex('00')))]]).map((line) => line.split(' ')[1]),
      ['tcp'],
    );
  });
});

describe('Cassandra', () => {
  const frame = (version: number, operation: number, ...body: (Buffer | string)[]): Buffer =>
    bytes(u8(version), hex('00 0001'), u8(operation), prefixed(u32, ...body));
  const startup = frame(4, 1, u16(1), prefixed(u16, 'CQL_VERSION'), prefixed(u16, '3.4.5'));

  test('user and password, and queries as content', () => {
    assert.deepEqual(
      told([
        ['source', startup], ['destination', frame(0x84, 3, prefixed(u16, 'PasswordAuthenticator'))],
        ['source', frame(4, 0x0f, prefixed(u32, '\0jane\0s3same'))], ['destination', frame(0x84, 0x10, hex('ffffffff'))],
        ['source', frame(4, 7, prefixed(u32, 'SELECT 1'), hex('0001 00'))],
      ]),
      [
        '1 cassandra', '2 cassandra +23', '3 cassandra cassandra.login.user_name=jane cassandra.login.password=s3same', '4 cassandra +4',
        '5 cassandra +15',
      ],
    );
  });

  test('asking for options begins it too; other maps do not', () => {
    assert.deepEqual(told([['source', frame(5, 5)]]), ['1 cassandra']);
    assert.deepEqual(
      told([['source', frame(4, 1, u16(1), prefixed(u16, 'VERSION'), prefixed(u16, '3.4.5'))]]).map((line) => line.split(' ')[1]),
      ['tcp'],
    );
  });
});
