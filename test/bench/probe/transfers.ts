/**
 * A capture of downloads over TLS 1.3, for test/bench/probe.ts: large transfers are most of what a network carries.
 * `transfers.js <capture> [--connections 300] [--megabytes 4]`; twenty connections run at a time.
 */
import { createCipheriv } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CaptureBuilder, tlsApplicationData, tlsClientHello, tlsServerHello } from '#capture';

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

/** Without any pattern, but the same in each run. */
const ciphertext = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(recordBytes));
/** What is acknowledged at a time: 64 KiB. */
const part = Buffer.concat(Array<Buffer>(4).fill(tlsApplicationData(ciphertext)));
const parts = Number(values.megabytes) * 16;

const file = openSync(path, 'w');
for (let first = 0; first < connections; first += atATime) {
  const builder = new CaptureBuilder();
  for (let index = first; index < Math.min(connections, first + atATime); index++) {
    const serverName = `files-${index}.example.com`;
    const connection = builder.tcp({
      client: { ip: `192.0.2.${1 + index % 200}`, port: 40_000 + index % 20_000 }, server: { ip: '198.51.100.20', port: 443 },
      at: 1.7e15 + first * 1e6 + index * 7,
    }).handshake().send(tlsClientHello({ serverName })).receive(tlsServerHello(serverName));
    for (let taken = 0; taken < parts; taken++) connection.receive(part);
    connection.close();
  }
  const capture = builder.pcap();
  writeSync(file, first === 0 ? capture : capture.subarray(pcapHeaderBytes));
}
closeSync(file);
