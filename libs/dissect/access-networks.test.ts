import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DatagramContext, defaultDissectOptions, DissectCounters, dissectIpPayload } from './dissect.ts';
import { bytes, hex, prefixed, u16, u32, u8 } from './testing/bytes.ts';
import { dissectPayload, fieldsOf } from './testing/packets.ts';

/** `protocol verdict field …` of a datagram to that port. */
function told(destinationPort: number, payload: Buffer): string {
  const [message] = dissectPayload(payload, { destinationPort }).messages;
  return [message!.protocol, message!.encryption.verdict, ...fieldsOf(message)].join(' ');
}

const pap = (user: string, secret: string): Buffer => ppp('c023', 1, bytes(prefixed(u8, user), prefixed(u8, secret)));
const ppp = (protocol: string, code: number, body: Buffer): Buffer => bytes(hex(protocol), u8(code), u8(7), u16(body.length + 4), body);

describe('L2TP', () => {
  const data = (frame: Buffer): Buffer => bytes(hex('0002 0011 0022'), frame);
  const attribute = (type: number, ...value: (Buffer | string)[]): Buffer =>
    prefixed((length) => u16(0x8000 + length + 2), u16(0), u16(type), ...value);
  const control = (...attributes: Buffer[]): Buffer =>
    prefixed((length) => bytes(hex('c802'), u16(length + 4)), hex('0001 0000 0000 0001'), ...attributes);

  test('the login of PPP inside: PAP, CHAP, CHAP of Microsoft, EAP', () => {
    assert.equal(
      told(1701, data(bytes(hex('ff03'), pap('jane@example.net', 's3same')))),
      'l2tp cleartext l2tp.login.user_name=jane@example.net l2tp.login.password=s3same',
    );
    const md5 = '7d1c0e523a9b4f7e8c215b0d9a6e4f13';
    assert.equal(
      told(1701, data(ppp('c223', 2, bytes(prefixed(u8, hex(md5)), 'jane')))),
      `l2tp cleartext l2tp.login.user_name=jane l2tp.login.response=${md5}`,
    );
    // RFC 2759, section 9.2: the NT response after the peer's challenge and eight zeros.
    const nt = '82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df';
    const microsoft = bytes(hex('21402324255e262a28295f2b3a337c7e'), Buffer.alloc(8), hex(nt), u8(0));
    assert.equal(
      told(1701, data(ppp('c223', 2, bytes(prefixed(u8, microsoft), 'User')))),
      `l2tp cleartext l2tp.login.user_name=User l2tp.login.response=${nt}`,
    );
    assert.equal(told(1701, data(ppp('c227', 2, bytes(u8(1), 'jane@example.net')))), 'l2tp cleartext l2tp.login.user_name=jane@example.net');
    assert.equal(told(1701, data(ppp('c223', 1, bytes(prefixed(u8, hex(md5)), 'gateway')))), 'l2tp cleartext', 'a challenge names the server');
  });

  test('who calls, and the login that the concentrator took', () => {
    const call = control(
      attribute(0, u16(12)),
      attribute(21, '4930111222'),
      attribute(22, '4915112345678'),
      attribute(29, u16(3)),
      attribute(30, 'jane'),
      attribute(33, 's3same'),
    );
    assert.equal(
      told(1701, call),
      'l2tp cleartext l2tp.called_number=4930111222 l2tp.calling_number=4915112345678 l2tp.login.user_name=jane l2tp.login.password=s3same',
    );
    const proxy = control(attribute(29, u16(2)), attribute(30, 'jane'), attribute(33, hex('7d1c0e523a9b4f7e8c215b0d9a6e4f13')));
    assert.equal(told(1701, proxy), 'l2tp cleartext l2tp.login.user_name=jane l2tp.login.response=7d1c0e523a9b4f7e8c215b0d9a6e4f13');
    const cut = dissectPayload(control(attribute(7, 'lac1'), hex('8020 0000')), { destinationPort: 1701 });
    assert.deepEqual([fieldsOf(cut.messages[0]), cut.counters.get('l2tp', 'malformed attribute')], [['l2tp.host_name=lac1'], 1]);
  });

  test('another port, or another frame, is none', () => {
    assert.ok(
      told(1701, data(bytes(hex('ff03'), pap('jane', '["s3same"]')))).endsWith('l2tp.login.password=["s3same"]'),
      'a password is no document',
    );
    assert.equal(told(1702, data(pap('jane', 's3same'))), 'udp opaque');
    assert.equal(told(1701, data(hex('c021 01 01 0004'))), 'udp opaque');
    assert.equal(told(1701, data(pap('jane', 's3same').subarray(0, 12))), 'udp opaque');
  });
});

describe('right on IP', () => {
  const context: DatagramContext = { sender: 'source', sourcePort: 0, destinationPort: 0, frame: 7, micros: 7 };
  const toldBy = (transport: string, payload: Buffer): string[] => {
    const message = dissectIpPayload(transport, payload, context, { options: defaultDissectOptions, counters: new DissectCounters() });
    return message === null ? [] : [message.protocol, ...fieldsOf(message)];
  };

  test('PPTP: the login of PPP', () => {
    const frame = pap('jane', 's3same');
    assert.deepEqual(toldBy('gre', bytes(hex('3001 880b'), u16(frame.length), hex('0001 00000001'), frame)), [
      'pptp',
      'pptp.login.user_name=jane',
      'pptp.login.password=s3same',
    ]);
    assert.deepEqual(toldBy('gre', bytes(hex('3081 880b'), u16(frame.length), hex('0001 00000001 00000002'), frame)), [
      'pptp',
      'pptp.login.user_name=jane',
      'pptp.login.password=s3same',
    ]);
    assert.deepEqual(toldBy('gre', bytes(hex('0000 880b'), frame)), []);
  });

  test('the simple passwords of OSPF and VRRP', () => {
    assert.deepEqual(toldBy('ospf', bytes(hex('0201 002c c0000201 00000000 0000 0001'), 's3same\0\0', Buffer.alloc(20))), [
      'ospf',
      'ospf.login.password=s3same',
    ]);
    assert.deepEqual(toldBy('ospf', bytes(hex('0201 002c c0000201 00000000 0000 0002'), Buffer.alloc(28))), [], 'a digest');
    assert.deepEqual(toldBy('vrrp', bytes(hex('21 01 64 01 01 01 0000 c0000201'), 's3same\0\0')), ['vrrp', 'vrrp.login.password=s3same']);
    assert.deepEqual(toldBy('vrrp', bytes(hex('31 01 64 01 01 01 0000 c0000201'), 's3same\0\0')), [], 'version 3 has none');
    assert.deepEqual(toldBy('esp', Buffer.alloc(40)), []);
  });
});

describe('frames of wireless networks', () => {
  const element = (number: number, value: string): Buffer => bytes(u8(number), prefixed(u8, value));
  const station = '020000000003';
  const frame = (control: string, fixed: number, ...elements: Buffer[]): Buffer =>
    bytes(hex(control), hex(`0000 020000000001 ${station} 020000000001 1000`), Buffer.alloc(fixed, 0x21), ...elements);
  const header = hex('00 10 0300 0000 0000');

  test('CAPWAP: the name of the network, and the station that asks for it, also with the frame control swapped', () => {
    const expected = 'capwap cleartext capwap.wlan.network_name=harbour-staff capwap.wlan.station_mac=02:00:00:00:00:03';
    assert.equal(told(5247, bytes(header, frame('4000', 0, element(0, 'harbour-staff'), element(1, 'xx')))), expected);
    assert.equal(told(5247, bytes(header, frame('0040', 0, element(0, 'harbour-staff'), element(1, 'xx')))), expected);
    assert.equal(told(5247, bytes(header, frame('0000', 4, element(0, 'harbour-staff')))), expected);
    assert.equal(
      told(5247, bytes(header, frame('8000', 12, element(0, 'harbour-staff')))),
      'capwap cleartext capwap.wlan.network_name=harbour-staff',
      'a beacon',
    );
  });

  test('a hidden network, a frame that is cut, and one of data name none', () => {
    assert.equal(told(5247, bytes(header, frame('8000', 12, element(0, '\0\0\0')))), 'capwap cleartext');
    assert.equal(told(5247, bytes(header, frame('8000', 12, element(0, 'harbour').subarray(0, 5)))), 'capwap cleartext');
    assert.equal(told(5247, bytes(header, frame('0801', 0, element(0, 'harbour')))), 'capwap cleartext');
  });

  test('control in DTLS is encrypted; at other ports there is none', () => {
    assert.equal(told(5246, bytes(hex('01000000'), hex('16fefd 0000 000000000001 0004 01020304'))), 'capwap encrypted');
    assert.equal(told(5248, bytes(header, frame('8000', 12, element(0, 'harbour-staff')))), 'udp opaque');
  });

  test('LWAPP', () => {
    const inner = frame('0000', 4, element(0, 'harbour-voice'));
    assert.equal(
      told(12222, bytes(hex('08 1d'), u16(inner.length), hex('ea 49'), inner)),
      'lwapp cleartext lwapp.wlan.network_name=harbour-voice lwapp.wlan.station_mac=02:00:00:00:00:03',
    );
    assert.equal(told(12222, bytes(hex('08 1d'), u16(inner.length + 1), hex('ea 49'), inner)), 'udp opaque');
  });
});

describe('Steam', () => {
  const u32le = (value: number): Buffer => Buffer.from(u32(value)).reverse();
  const packet = (type: string, body: Buffer): Buffer =>
    bytes(hex('ffffffff214c5fa0'), prefixed(u32le, hex(`09 0102030405060708 10${type}`)), prefixed(u32le, body));
  const text = (field: number, value: string): Buffer => bytes(u8(field * 8 + 2), prefixed(u8, value));

  test('the account, the name and the hardware addresses of a machine', () => {
    const status = bytes(
      hex('0808 1006'),
      text(4, 'harbour-den'),
      u8(0x4a),
      prefixed(u8, hex('09 15cd5b0701001001 1001')),
      text(15, '3c-15-c2-9a-01-fe'),
    );
    assert.equal(
      told(27036, packet('01', status)),
      'steam cleartext steam.host_name=harbour-den steam.user.steam_id=(u64le)76561198083722517 steam.mac=3c-15-c2-9a-01-fe',
    );
    assert.equal(told(27036, packet('01', bytes(u8(0x4a), prefixed(u8, hex('09 15cd5b0701008001'))))), 'steam cleartext', 'an account of no person');
  });

  test('a device that asks to be let in, and what is cut', () => {
    assert.equal(told(27036, packet('03', text(2, 'Jane’s phone'))), 'steam cleartext steam.device_name=Jane’s phone');
    assert.equal(told(27036, packet('01', text(4, 'harbour-den')).subarray(0, 30)), 'udp opaque');
    assert.equal(dissectPayload(packet('01', hex('22 7f 61'))).counters.get('steam', 'malformed body'), 1);
  });
});
