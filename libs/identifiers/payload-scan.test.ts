import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { payloadOf, recognise } from './testing.ts';

/** `kind=value path encoding` of each. */
function scan(payload: Buffer, protocol = 'udp'): string[] {
  return recognise(payloadOf(payload, protocol))
    .map(({ observable: { kind, path, encoding }, value }) => `${kind}=${value} ${path} ${encoding}`.trimEnd());
}

const u8 = (text: string) => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
const u16be = (text: string) => Buffer.concat([Buffer.of(0, text.length), Buffer.from(text)]);
const u16le = (text: string) => Buffer.concat([Buffer.of(text.length, 0), Buffer.from(text)]);
const u32be = (text: string) => Buffer.concat([Buffer.of(0, 0, 0, text.length), Buffer.from(text)]);
const header = Buffer.of(0x81, 0xfe, 0x00, 0x07);

describe('text in a payload', () => {
  test('key=value between binary', () => {
    const payload = Buffer.concat([header, Buffer.from('user_id=471142&room=lobby'), Buffer.of(0, 0x90, 0xff)]);
    assert.deepEqual(scan(payload), ['user_id=471142 udp.payload@12', 'room_id=lobby udp.payload@24']);
  });
  test('key: value and JSON', () => {
    assert.deepEqual(scan(Buffer.from('uid: 42\r\nroom: 71044\r\n'), 'tcp'), ['user_id=42 tcp.payload@5', 'room_id=71044 tcp.payload@15']);
    const json = Buffer.concat([header, Buffer.from('{"uid":"42","roomId":1001}')]);
    assert.deepEqual(scan(json), ['user_id=42 udp.payload@12', 'room_id=1001 udp.payload@25']);
  });
  test('shapes', () => {
    assert.deepEqual(scan(Buffer.concat([header, Buffer.from('jane.doe@example.org'), Buffer.of(0)])), ['email=jane.doe@example.org udp.payload@4']);
    const from = Buffer.from('From: <sip:60274@10.71.118.30:64538>;tag=d3833767\r\n');
    assert.deepEqual(scan(from), ['sip_uri=sip:60274@10.71.118.30:64538 udp.payload@7']);
  });
});

describe('length-prefixed keys and values', () => {
  for (const [name, prefix] of Object.entries({ u8, u16be, u16le, u32be })) {
    test(`${name}: text`, () => {
      const payload = Buffer.concat([header, prefix('uid'), prefix('471142'), prefix('room_id'), prefix('MAx7Kq2P')]);
      const first = payload.indexOf('471142');
      const second = payload.indexOf('MAx7Kq2P');
      assert.deepEqual(scan(payload), [
        `user_id=471142 udp.payload@${first} length-prefixed`, `room_id=MAx7Kq2P udp.payload@${second} length-prefixed`,
      ]);
    });
  }

  test('a type byte between key and value', () => {
    const payload = Buffer.concat([header, u8('uid'), Buffer.of(2), u8('alice7'), Buffer.of(0x8f)]);
    assert.deepEqual(scan(payload), ['user_id=alice7 udp.payload@10 length-prefixed']);
  });

  test('an integer behind its length', () => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(1444875380);
    assert.deepEqual(scan(Buffer.concat([header, u16be('user_id'), Buffer.of(0, 4), number])), ['user_id=1444875380 udp.payload@15 u32be']);
    number.writeUInt32LE(1444875380);
    assert.deepEqual(scan(Buffer.concat([header, u16le('user_id'), Buffer.of(4, 0), number])), ['user_id=1444875380 udp.payload@15 u32le']);
    const wide = Buffer.alloc(8);
    wide.writeBigUInt64BE(4715028369520184070n);
    assert.deepEqual(scan(Buffer.concat([header, u8('user_id'), Buffer.of(8), wide])), ['user_id=4715028369520184070 udp.payload@13 u64be']);
  });

  test('an integer behind a type byte, when the next key follows or the payload ends', () => {
    const number = Buffer.of(0x00, 0x07, 0x30, 0x66);
    const followed = Buffer.concat([header, u8('uid'), Buffer.of(3), number, u8('flags'), Buffer.of(0)]);
    assert.deepEqual(scan(followed), ['user_id=471142 udp.payload@9 u32be']);
    assert.deepEqual(scan(Buffer.concat([header, u8('uid'), Buffer.of(3), number])), ['user_id=471142 udp.payload@9 u32be']);
    assert.deepEqual(scan(Buffer.concat([header, u8('uid'), Buffer.of(3), number, Buffer.of(0xff, 0x80, 0x03)])), []);
  });

  test('MessagePack', () => {
    const pack = (text: string) => Buffer.concat([Buffer.of(0xa0 | text.length), Buffer.from(text)]);
    assert.deepEqual(
      scan(Buffer.concat([Buffer.of(0x82), pack('uid'), Buffer.of(0xce, 0x00, 0x07, 0x30, 0x66), pack('room_id'), pack('MAx7Kq2P')])),
      ['user_id=471142 udp.payload@6 msgpack', 'room_id=MAx7Kq2P udp.payload@19 msgpack'],
    );
  });

  test('a domain name in wire format gives nothing', () => {
    assert.deepEqual(scan(Buffer.concat([header, u8('uid'), u8('my-domain'), u8('net'), Buffer.of(0)])), []);
  });

  test('an integer is no name', () => {
    assert.deepEqual(scan(Buffer.concat([header, u8('user'), Buffer.of(4), Buffer.of(0x00, 0x07, 0x30, 0x66), Buffer.of(0xff)])), []);
  });

  test('a value that is none gives nothing', () => {
    assert.deepEqual(scan(Buffer.concat([header, u8('uid'), u8('null'), u8('imei'), u8('352099001761482')])), []);
    assert.deepEqual(scan(Buffer.concat([header, u8('uid')])), []);
    assert.deepEqual(scan(Buffer.concat([header, u8('uid'), Buffer.of(200), Buffer.from('short')])), []);
  });
});

describe('bytes without meaning', () => {
  /** A reproducible stream of random-looking bytes: AES-CTR over zeros. */
  function noise(seed: string, length: number): Buffer {
    const key = createHash('sha256').update(seed).digest();
    return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
  }

  test('5 MB of random datagrams give nothing', () => {
    const bytes = noise('telltale', 5_000_000);
    for (let at = 0; at < bytes.length; at += 1200) assert.deepEqual(scan(bytes.subarray(at, at + 1200)), [], `datagram at ${at}`);
  });

  test('5 MB of random base64 lines give nothing', () => {
    const text = noise('lines', 3_750_000).toString('base64');
    for (let at = 0; at < text.length; at += 1400) assert.deepEqual(scan(Buffer.from(text.slice(at, at + 1400)), 'tcp'), [], `line at ${at}`);
  });

  test('an encrypted handshake with named parts gives nothing', () => {
    const tag = (name: string, value: Buffer) => Buffer.concat([Buffer.from(name), Buffer.of(value.length, 0), value]);
    for (let i = 0; i < 200; i++) {
      const hello = Buffer.concat([
        Buffer.of(0, 1, 2, 3, 4, 5, 0x21), noise(`peer ${i}`, 4), Buffer.of(4, 0),
        tag('SNI\0', Buffer.from('192-0-2-179.edge.example.io')), tag('PDMD', noise(`p ${i}`, 4)), tag('NONC', noise(`n ${i}`, 32)),
        tag('AEAD', Buffer.from('AESG')), tag('PUBS', noise(`k ${i}`, 35)), tag('KEXS', Buffer.from('C255')), noise(`pad ${i}`, 900),
      ]);
      assert.deepEqual(scan(hello), []);
    }
  });
});
