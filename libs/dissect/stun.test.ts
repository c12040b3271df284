import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stunLength } from './stun.ts';
import { dissectPayload, dissectStream, fieldsOf } from './testing/packets.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** The test vectors of RFC 5769. */
const sampleRequest = hex(`00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74 00240004 6e0001ff 80290008 932ff9b1 51263b36
  00060009 6576746a 3a683676 59202020 00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf`);
const sampleIpv4Response = hex(`0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008 0001a147 e112a643
  00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96`);
const sampleIpv6Response = hex(`01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
  00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c`);
const sampleLongTerm = hex(`00010060 2112a442 78ad3433 c6ad72c0 29da412e 00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000
  0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341 0014000b 6578616d 706c652e 6f726700 00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666`);

/** A message with one attribute. */
function message(type: string, attribute: string, value: Buffer): Buffer {
  const padded = Buffer.concat([value, Buffer.alloc(-value.length & 3)]);
  const length = (bytes: number): string => bytes.toString(16).padStart(4, '0');
  return Buffer.concat([hex(`${type}${length(4 + padded.length)}2112a442${'00'.repeat(12)}${attribute}${length(value.length)}`), padded]);
}

describe('RFC 5769', () => {
  test('sample request: the pair of ICE is apart', () => {
    const { messages } = dissectPayload(sampleRequest);
    assert.equal(messages[0]!.protocol, 'stun');
    assert.deepEqual(messages[0]!.facts, { 'telltale.stun.software': 'STUN test client', 'telltale.stun.type': 'binding request' });
    assert.deepEqual(fieldsOf(messages[0]), ['stun.software=STUN test client', 'stun.ice_username=evtj:h6vY']);
  });

  test('sample responses', () => {
    assert.deepEqual(dissectPayload(sampleIpv4Response).messages[0]!.facts, {
      'telltale.stun.software': 'test vector', 'telltale.stun.mapped_ip': '192.0.2.1', 'telltale.stun.type': 'binding success',
    });
    assert.deepEqual(dissectPayload(sampleIpv6Response).messages[0]!.facts, {
      'telltale.stun.software': 'test vector', 'telltale.stun.mapped_ip': '2001:db8:1234:5678:11:2233:4455:6677',
      'telltale.stun.type': 'binding success',
    });
  });

  test('sample request with long-term authentication', () => {
    const { messages } = dissectPayload(sampleLongTerm);
    assert.deepEqual(messages[0]!.facts, { 'telltale.stun.realm': 'example.org', 'telltale.stun.type': 'binding request' });
    assert.deepEqual(fieldsOf(messages[0]), ['stun.username=マトリックス', 'stun.realm=example.org']);
    assert.equal(messages[0]!.fields[0]!.key, 'username');
  });
});

describe('USERNAME', () => {
  const binding = '0001';
  const allocate = '0003';
  const cases: [name: string, type: string, username: string, field: string][] = [
    ['an ICE pair', binding, 'k7/P:QW58', 'stun.ice_username'],
    [
      'a pair of GUIDs, which services keep over sessions', binding,
      '6B1F20C8-94DE-4A37-B581-0C7E92D4A35F:93A7E1D4-5C0B-4F82-A69E-27D8B0C4F113', 'stun.username',
    ],
    ['a TURN REST name, time and user, looks like an ICE pair', allocate, '1767225600:4810273659182746501', 'stun.username'],
    ['a plain name in Allocate', allocate, 'johndoe', 'stun.username'],
    ['a plain name in Binding', binding, 'johndoe', 'stun.username'],
  ];
  for (const [name, type, username, path] of cases) {
    test(name, () => assert.deepEqual(fieldsOf(dissectPayload(message(type, '0006', Buffer.from(username))).messages[0]), [`${path}=${username}`]));
  }

  test('bytes are no name', () => {
    const { messages, counters } = dissectPayload(message(allocate, '0006', hex('02ff00')));
    assert.deepEqual(messages[0]!.fields, []);
    assert.equal(counters.get('stun', 'binary username'), 1);
  });
});

test('relayed and peer addresses of TURN', () => {
  assert.equal(dissectPayload(message('0103', '0016', hex('0001a147e112a643'))).messages[0]!.facts['telltale.stun.relayed_ip'], '192.0.2.1');
  assert.deepEqual(dissectPayload(message('0008', '0012', hex('0001a147e112a643'))).messages[0]!.facts['telltale.stun.peer_ip'], ['192.0.2.1']);
  assert.deepEqual(
    dissectPayload(message('0103', '0016', hex('0001a147e112a643'))).messages[0]!.facts['telltale.session.endpoints'],
    ['192.0.2.1:32853'],
    'the address of RFC 5769, section 2.2',
  );
});

test('in Microsoft TURN the mapped address is the relay, and the XOR-mapped one the client', () => {
  const attributes = hex('000f0004 72c64bc6 00010008 00010d96 c0000207 80200008 0001a147 e112a643');
  const reply = Buffer.concat([hex('01030020 2112a442'), Buffer.alloc(12), attributes]);
  assert.deepEqual(dissectPayload(reply).messages[0]!.facts, {
    'telltale.stun.relayed_ip': '192.0.2.7', 'telltale.stun.mapped_ip': '192.0.2.1', 'telltale.stun.type': 'allocate success',
    'telltale.flow.hops': ['turn-relay=192.0.2.7'],
  });
});

test('servers to which a client is sent on are addresses of the session', () => {
  assert.deepEqual(dissectPayload(message('0113', '8023', hex('00010d96c0000207'))).messages[0]!.facts, {
    'telltale.session.ip': ['192.0.2.7'], 'telltale.session.endpoints': ['192.0.2.7:3478'], 'telltale.stun.type': 'allocate error',
  });
  assert.deepEqual(dissectPayload(message('0101', '802c', hex('00010d96c0000208'))).messages[0]!.facts, {
    'telltale.session.ip': ['192.0.2.8'], 'telltale.stun.type': 'binding success',
  });
});

test('STUN before the magic cookie', () => {
  const binding = hex('0101 0024 00112233445566778899aabbccddeeff 0001 0008 0001a147c0000201 0004 0008 00010d96c0000207 8022 0008 5653746e20312e30');
  const { messages } = dissectPayload(binding);
  assert.deepEqual(
    messages.map(({ protocol, facts }) => [protocol, facts['telltale.stun.mapped_ip'], facts['telltale.stun.software']]),
    [['stun', '192.0.2.1', 'VStn 1.0']],
  );
  assert.equal(dissectPayload(binding.subarray(0, 40)).messages[0]!.protocol, 'udp');
});

test('the origin of a web page', () => {
  assert.deepEqual(
    fieldsOf(dissectPayload(message('0001', '802f', Buffer.from('https://meet.example.org'))).messages[0]),
    ['stun.origin=https://meet.example.org'],
  );
});

test('an attribute that runs over the message is counted', () => {
  const broken = Buffer.from(sampleRequest);
  broken[23] = 0xff;
  assert.equal(dissectPayload(broken).counters.get('stun', 'malformed attribute'), 1);
});

test('the length counts the header', () => {
  assert.equal(stunLength(sampleRequest), sampleRequest.length);
  assert.equal(stunLength(sampleRequest.subarray(1)), 0);
});

const sample = ['stun.software=STUN test client', 'stun.ice_username=evtj:h6vY'];

test('over TCP, with channel data between, and behind RFC 4571 lengths', () => {
  const channel = hex('40000005 6162636465 000000');
  const turn = dissectStream([
    ['source', sampleRequest.subarray(0, 30)], ['source', Buffer.concat([sampleRequest.subarray(30), channel, sampleLongTerm])],
    ['destination', sampleIpv4Response],
  ]);
  assert.deepEqual(turn.messages.map((each) => [each.frame, ...fieldsOf(each)]), [
    [2, 'stun.software=STUN test client', 'stun.ice_username=evtj:h6vY'], [2, 'stun.username=マトリックス', 'stun.realm=example.org'],
    [3, 'stun.software=test vector'],
  ]);
  const framed = Buffer.concat([hex('006c'), sampleRequest, hex('0003 800102'), hex('006c'), sampleRequest]);
  assert.equal(sampleRequest.length, 0x6c);
  assert.deepEqual(dissectStream([['source', framed]]).messages.map(fieldsOf), [sample, sample]);
  const tooShort = Buffer.concat([hex('0008'), sampleRequest.subarray(0, 8), hex('006c'), sampleRequest]);
  assert.deepEqual(dissectStream([['source', tooShort]]).messages.map(fieldsOf), [sample]);
});
