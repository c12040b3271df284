import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generator } from '../../test/support/random.ts';
import { CaptureBuilder } from './builder.ts';
import { CaptureError } from './error.ts';
import { dnsQuery, httpRequest } from './payloads.ts';
import { replay } from './testing/replay.ts';

const MUTATIONS = 4000;
const at = 1_700_000_000_000_000;

/** A capture with some of everything that the library decodes. */
function sample(vlans: number[], v6: boolean): CaptureBuilder {
  const [clientIp, serverIp] = v6 ? ['2001:db8::1', '2001:db8::2'] : ['10.0.0.1', '192.0.2.1'];
  const builder = new CaptureBuilder({ vlans, mtu: 400 });
  const client = { ip: clientIp, port: 40_000 };
  builder.tcp({ client, server: { ip: serverIp, port: 80 }, at, mss: 100, clientSequence: 0xffff_ff80 })
    .handshake().send(httpRequest('GET', `/?${'a'.repeat(250)}`, { host: 'example.test' }), { transmit: [2, 0, 0, 1, 3] }).receive('answer').close();
  builder.udp({ client, server: { ip: serverIp, port: 53 }, at: at + 1000 }).send(dnsQuery(7, 'example.test')).send(Buffer.alloc(900, 1));
  builder.ip({ at: at + 2000, sourceIp: clientIp, destinationIp: serverIp, transport: v6 ? 58 : 1, payload: Buffer.from('8000000000010001', 'hex') });
  builder.ip({ at: at + 3000, sourceIp: clientIp, destinationIp: serverIp, transport: 132, payload: Buffer.alloc(30, 2) });
  return builder;
}

test(`${MUTATIONS} damaged captures: no exception, no hang, nothing left over`, { timeout: 60_000 }, () => {
  const originals = [sample([], false), sample([1, 2], true)].flatMap((builder) => (
    [builder.pcap(), builder.pcapng(), builder.pcap({ littleEndian: false, nanoseconds: true }), builder.pcapng({ littleEndian: false })]
  ));
  const { integer: random } = generator(20_240_607);
  let refused = 0;
  for (let index = 0; index < MUTATIONS; index++) {
    const damaged = damage(originals[index % originals.length]!, random);
    try {
      const { counters, flows } = replay(
        damaged,
        { maxFlows: 4, maxBufferedBytesPerStream: 2000, maxBufferedBytes: 3000, maxFragmentBytes: 2000 },
        1 + random(2000),
      );
      assert.equal(counters.heldBytes, 0, `mutation ${index}`);
      assert.equal(counters.flowsStarted, counters.flowsEnded, `mutation ${index}`);
      assert.ok(flows.every(({ end }) => end !== null), `mutation ${index}`);
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      refused++;
    }
  }
  // Most damage is inside packets, so most captures are read to the end.
  assert.ok(refused < MUTATIONS / 4, `${refused} refused`);
});

/** One to eight changes: a byte set, a bit flipped, bytes removed or duplicated, the end cut off. */
function damage(original: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(original);
  for (let changes = 1 + random(8); changes > 0 && bytes.length > 0; changes--) {
    const position = random(bytes.length);
    const length = random(40);
    switch (random(8)) {
      case 0: bytes = Buffer.concat([bytes.subarray(0, position), bytes.subarray(position + length)]); break;
      case 1: bytes = Buffer.concat([bytes.subarray(0, position + length), bytes.subarray(position)]); break;
      case 2: bytes = bytes.subarray(0, Math.max(position, bytes.length - 200)); break;
      case 3: bytes[position] = 0xff; break;
      case 4: bytes[position] = 0; break;
      case 5: bytes[position] = random(256); break;
      default: bytes[position]! ^= 1 << random(8);
    }
  }
  return bytes;
}
