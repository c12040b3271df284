import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureBuilder, httpRequest } from '#capture';
import { sflow } from '../../libs/ingest/testing/export-datagrams.ts';
import { probeCapture } from '../../test/support/scan.ts';

const at = 1_780_000_000_000_000;
const client = { ip: '10.1.1.1', port: 40_000 };
const server = { ip: '93.184.215.14', port: 80 };

/** The datagrams of an sFlow agent that samples each frame of `build`, as the probe sees them on the wire. */
function probeSamples(build: (builder: CaptureBuilder) => void, headerBytes: number): ReturnType<typeof probeCapture> {
  const sampled = new CaptureBuilder();
  build(sampled);
  const wire = new CaptureBuilder();
  const exports = wire.udp({ client: { ip: '192.0.2.1', port: 6343 }, server: { ip: '192.0.2.9', port: 6343 }, at });
  sampled.frames().forEach(({ bytes }, index) => exports.send(sflow(index + 1, 512, bytes.subarray(0, headerBytes), bytes.length)));
  return probeCapture(wire.pcap());
}

test('an identifier in a sampled packet is on the record of its flow, which says that it was sampled, and is redacted', () => {
  const { records, recognised } = probeSamples((builder) => builder.tcp({ client, server, at }).send(
    httpRequest('GET', '/join?uid=qwx77812kk', { Host: 'api.example.org', Cookie: `sid=${'a1b2c3d4'.repeat(20)}` })), 160);
  assert.deepEqual(recognised.map(({ observable }) => [observable.kind, observable.path]), [['user_id', 'url.query.uid']]);
  const [first, last] = records;
  assert.deepEqual(
    [first!['url.domain'], first!['url.query'], first!['network.protocol'], first!['telltale.encryption.verdict'], first!['telltale.sampling.rate']],
    ['api.example.org', 'uid={user_id}', 'http', 'cleartext', 512]);
  assert.deepEqual([last!['telltale.flow.state'], last!['telltale.sampling.rate'], last!['source.packets']], ['end', 512, 512]);
  assert.equal(JSON.stringify(records).includes('qwx77812kk'), false);
});

test('samples of what is encrypted, caught in the middle of its records, tell nothing', () => {
  const { recognised, records } = probeSamples((builder) => {
    let state = 1;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) >> 8;
    for (let flow = 0; flow < 500; flow++) {
      const conversation = builder.tcp({ client: { ...client, port: 20_000 + flow }, server: { ...server, port: 443 }, at: at + flow });
      for (let packet = 0; packet < 4; packet++) conversation.send(Buffer.from(Array.from({ length: 400 }, random)));
    }
  }, 128);
  assert.deepEqual(recognised.map(({ observable }) => `${observable.kind} ${observable.path}`), []);
  assert.ok(records.length >= 2000);
});
