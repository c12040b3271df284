import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dissectPayload, dissectStream } from './testing/packets.ts';

const name = '0377777707' + Buffer.from('Example').toString('hex') + '03636f6d00';
const question = `${name}00010001`;
/** A query with an EDNS record. */
const query = Buffer.from(`123401000001000000000001${question}0000291000000000000000`, 'hex');

/** A response with compression pointers: a CNAME, its two addresses, an unrelated address, and an EDNS record. */
const response = Buffer.from([
  '123481800001000400000001', question,
  // www.example.com CNAME cdn.example.com, TTL 300: a label, and a pointer to `example.com` at 16.
  'c00c', '00050001', '0000012c', '0006', '0363646e', 'c010',
  // cdn.example.com (written at 45) A 192.0.2.7, TTL 60.
  'c02d', '00010001', '0000003c', '0004', 'c0000207',
  // cdn.example.com AAAA 2001:db8::1, TTL 30.
  'c02d', '001c0001', '0000001e', '0010', '20010db8000000000000000000000001',
  // other.example.com A 203.0.113.9
  '056f74686572c010', '00010001', '0000003c', '0004', 'cb007109',
  '0000291000000000000000',
].join(''), 'hex');

const port53 = { destinationPort: 53 };

describe('datagram', () => {
  test('query', () => {
    const { messages, counters } = dissectPayload(query, port53);
    assert.deepEqual(messages.map(({ protocol, facts, payload }) => ({ protocol, facts, payload })), [
      { protocol: 'dns', facts: { 'dns.question.name': 'www.example.com', 'dns.question.type': 'A' }, payload: null },
    ]);
    assert.equal(messages[0]!.encryption.verdict, 'cleartext');
    assert.equal(counters.get('dns', 'malformed records'), 0);
  });

  test('response: the name asked for labels the addresses behind its CNAMEs, and no others', () => {
    const { messages } = dissectPayload(response, { sourcePort: 53, sender: 'destination' });
    assert.deepEqual(messages[0]!.facts['dns.resolved_ip'], ['192.0.2.7', '2001:db8::1']);
    assert.deepEqual(messages[0]!.resolution, {
      name: 'www.example.com',
      addresses: ['192.0.2.7', '2001:db8::1'],
      aliases: ['cdn.example.com'],
      ttl: 30,
    });
  });

  test('on any port, when it is sound from beginning to end', () => {
    assert.equal(dissectPayload(query).messages[0]!.protocol, 'dns');
    assert.equal(dissectPayload(response).messages[0]!.protocol, 'dns');
    assert.equal(dissectPayload(query.subarray(0, -3)).messages[0]!.protocol, 'udp');
  });

  test('multicast DNS and LLMNR keep their names, and teach no name cache', () => {
    assert.equal(dissectPayload(response, { sourcePort: 5353 }).messages[0]!.protocol, 'mdns');
    assert.equal(dissectPayload(response, { sourcePort: 5353 }).messages[0]!.resolution, undefined);
    assert.equal(dissectPayload(query, { destinationPort: 5355 }).messages[0]!.protocol, 'llmnr');
  });

  test('UTF-8 labels of DNS-SD', () => {
    const label = Buffer.from('Zoë’s iPhone');
    const bytes = Buffer.concat([
      Buffer.from('000000000001000000000000', 'hex'),
      Buffer.from([label.length]),
      label,
      Buffer.from('056c6f63616c00000c0001', 'hex'),
    ]);
    assert.equal(dissectPayload(bytes, { destinationPort: 5353 }).messages[0]!.facts['dns.question.name'], 'zoë’s iphone.local');
  });

  test('pointers that loop, names that are too long, and cut records end the message', () => {
    const loop = Buffer.from('123401000001000000000000' + 'c00c' + '00010001', 'hex');
    assert.equal(dissectPayload(loop, port53).messages[0]!.protocol, 'udp');
    const mutual = Buffer.from('123401000001000000000000' + '0161c00e' + 'c00c' + '00010001', 'hex');
    assert.equal(dissectPayload(mutual, port53).messages[0]!.protocol, 'udp');
    const long = Buffer.from('123401000001000000000000' + `3f${'61'.repeat(63)}`.repeat(4) + '00' + '00010001', 'hex');
    assert.equal(dissectPayload(long, port53).messages[0]!.protocol, 'udp');
    const cut = dissectPayload(response.subarray(0, 70), { sourcePort: 53 });
    assert.deepEqual(cut.messages[0]!.facts['dns.resolved_ip'], ['192.0.2.7']);
    assert.equal(cut.counters.get('dns', 'malformed records'), 1);
  });

  test('a NetBIOS name is none of DNS', () => {
    const netbios = Buffer.from('123401000001000000000000' + '20' + '4541'.repeat(16) + '00' + '00200001', 'hex');
    assert.equal(dissectPayload(netbios, { destinationPort: 137 }).messages[0]!.protocol, 'netbios');
  });

  test('many questions', () => {
    const bytes = Buffer.from(`000000000002000000000000${question}0461626364c00c001c0001`, 'hex');
    const { messages } = dissectPayload(bytes, { destinationPort: 5353 });
    assert.deepEqual(
      messages[0]!.fields.map(({ path, value }) => [path, value]),
      [
        ['dns.question.name', 'www.example.com'],
        ['dns.question.name', 'abcd.www.example.com'],
      ],
    );
  });
});

test('over TCP: messages behind their length, split and together', () => {
  const framed = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
  const both = Buffer.concat([framed(query), framed(query)]);
  const { messages } = dissectStream([['source', both.subarray(0, 20)], ['source', both.subarray(20)], ['destination', framed(response)]]);
  assert.deepEqual(messages.map(({ protocol, sender, frame }) => [protocol, sender, frame]), [
    ['dns', 'source', 2], ['dns', 'source', 2], ['dns', 'destination', 3],
  ]);
  assert.equal(messages[2]!.resolution?.ttl, 30);
});
