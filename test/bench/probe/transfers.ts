/**
 * A capture of downloads over TLS 1.3, for test/bench/probe.ts: large transfers are most of what a network carries.
 * `transfers.js <capture> [--connections 300] [--megabytes 4]`; twenty connections run at a time.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CaptureBuilder } from '#capture';
import { u24 } from '../../../libs/dissect/testing/binary-samples.ts';
import { bytes, hex, prefixed, u16, u8 } from '../../../libs/dissect/testing/bytes.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { connections: { type: 'string', default: '300' }, megabytes: { type: 'string', default: '4' } },
});
const [path] = positionals;
if (path === undefined) throw new Error('which file? see the head of this file');
const connections = Number(values.connections);
const atATime = 20;
const pcapHeaderBytes = 24;
const recordBytes = 16_384;

const handshake = 0x16;
const applicationData = 0x17;
/** Of TLS 1.3 by its supported versions (RFC 8446, section 4.1.3). */
const serverHello = bytes(u8(2), prefixed(u24, hex('0303'), Buffer.alloc(32, 0x5c), hex('00 1301 00 0006 002b 0002 0304')));
const ciphertext = noise(recordBytes);
/** What is acknowledged at a time: 64 KiB. */
const part = Buffer.concat(Array<Buffer>(4).fill(tlsRecord(applicationData, ciphertext)));
const parts = Number(values.megabytes) * 16;

const file = openSync(path, 'w');
for (let first = 0; first < connections; first += atATime) {
  const builder = new CaptureBuilder();
  for (let index = first; index < Math.min(connections, first + atATime); index++) {
    const connection = builder.tcp({
      client: { ip: `192.0.2.${1 + index % 200}`, port: 40_000 + index % 20_000 }, server: { ip: '198.51.100.20', port: 443 },
      at: 1.7e15 + first * 1e6 + index * 7,
    }).handshake().send(clientHello(`files-${index}.example.com`)).receive(tlsRecord(handshake, serverHello));
    for (let taken = 0; taken < parts; taken++) connection.receive(part);
    connection.close();
  }
  const capture = builder.pcap();
  writeSync(file, first === 0 ? capture : capture.subarray(pcapHeaderBytes));
}
closeSync(file);

/** RFC 8446, section 4.1.2, with a server name (RFC 6066, section 3). */
function clientHello(serverName: string): Buffer {
  const extensions = prefixed(u16, hex('0000'), prefixed(u16, prefixed(u16, u8(0), prefixed(u16, serverName))), hex('002b 0003 020304'));
  return tlsRecord(handshake, bytes(u8(1), prefixed(u24, hex('0303'), Buffer.alloc(32, 0xa7), hex('00 0002 1301 0100'), extensions)));
}

function tlsRecord(type: number, content: Buffer): Buffer {
  return bytes(u8(type), hex('0303'), prefixed(u16, content));
}

/** Bytes without a pattern, the same in each run (xorshift32). */
function noise(length: number): Buffer {
  const noise = Buffer.alloc(length);
  let state = 0x9e3779b9;
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    noise[at] = state;
  }
  return noise;
}
