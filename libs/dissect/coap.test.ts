import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureBuilder } from '#capture';
import { fields, withFile, withoutTshark } from '../capture/testing/tshark.ts';
import { bytes, hex, u8 } from './testing/bytes.ts';
import { coapRequest } from './testing/binary-samples.ts';
import { dissectPayload, fieldsOf } from './testing/packets.ts';

const onPort = { destinationPort: 5683 };

/** Options by number and value, in ascending order (RFC 7252, section 3.1). */
function options(...list: [number: number, value: string][]): Buffer {
  let before = 0;
  return bytes(...list.map(([number, value]) => {
    const parts = [extended(number - before), extended(value.length)];
    before = number;
    return bytes(u8((parts[0]!.nibble << 4) | parts[1]!.nibble), parts[0]!.more, parts[1]!.more, value);
  }));
}

function extended(value: number): { nibble: number; more: Buffer } {
  if (value < 13) return { nibble: value, more: Buffer.alloc(0) };
  return value < 269 ? { nibble: 13, more: u8(value - 13) } : { nibble: 14, more: Buffer.from([(value - 269) >> 8, (value - 269) & 0xff]) };
}

const post = bytes(
  hex('42 02 1234 a1b2'),
  options([3, 'api.iot.example'], [11, 'v1'], [11, 'devices'], [11, 'lock-4471'], [12, '2'], [15, 'uid=8841203'], [15, 'beta']),
  hex('ff'),
  '{"room_id":"M5x2"}',
);

describe('CoAP', () => {
  test('host, path, query and JSON', () => {
    const [message] = dissectPayload(post).messages;
    assert.deepEqual(
      [message!.protocol, message!.encryption.verdict, ...fieldsOf(message)],
      [
        'coap',
        'cleartext',
        'coap.uri_host=api.iot.example',
        'url.path=/v1/devices/lock-4471',
        'url.query.uid=8841203',
        'url.query=beta',
        'coap.payload.json.room_id=M5x2',
      ],
    );
    assert.deepEqual(message!.facts, {
      'url.domain': 'api.iot.example', 'destination.domain': 'api.iot.example', 'telltale.destination.domain_source': 'coap',
      'url.path': '/v1/devices/lock-4471', 'url.query': 'uid=8841203&beta',
    });
  });

  test('what is no JSON is payload', () => {
    const [message] = dissectPayload(coapRequest).messages;
    assert.deepEqual([message!.protocol, message!.payload!.toString()], ['coap', 'uid=4711']);
  });

  test('responses and empty messages are believed on CoAP\'s port', () => {
    for (const payload of [hex('60 45 1234 c0 ff 31'), hex('70 00 1234')]) {
      assert.equal(dissectPayload(payload, onPort).messages[0]!.protocol, 'coap');
      assert.equal(dissectPayload(payload).messages[0]!.protocol, 'udp');
    }
  });

  test('what is not sound is none', () => {
    const broken = {
      version: bytes(u8(0x82), post.subarray(1)),
      'long token': bytes(u8(0x49), post.subarray(1)),
      'unknown option': bytes(hex('40 01 0001'), options([11, 'a'], [2049, 'b'])),
      'option over the end': hex('40 01 0001 b5 6162'),
      'reserved length': hex('40 01 0001 bf 6162'),
      'path that is no text': hex('40 01 0001 b2 fffe'),
      'marker without payload': hex('40 01 0001 b1 61 ff'),
      'empty message with more': hex('40 00 0001 ff 61'),
    };
    for (const [name, payload] of Object.entries(broken)) assert.equal(dissectPayload(payload, onPort).messages[0]!.protocol, 'udp', name);
  });

  test('as tshark reads it', { skip: withoutTshark() }, () => {
    const builder = new CaptureBuilder();
    builder.udp({ client: { ip: '10.20.0.12', port: 50_123 }, server: { ip: '192.0.2.40', port: 5683 }, at: 1_700_000_000_000_000 }).send(post);
    withFile(builder.pcap(), (file) => {
      const [packet] = fields(file, 'coap', ['coap.opt.uri_host', 'coap.opt.uri_path', 'coap.opt.uri_query', '_ws.malformed']);
      assert.deepEqual(packet, {
        'coap.opt.uri_host': 'api.iot.example',
        'coap.opt.uri_path': 'v1,devices,lock-4471',
        'coap.opt.uri_query': 'uid=8841203,beta',
        '_ws.malformed': '',
      });
    });
  });
});
