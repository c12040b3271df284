import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DissectCounters, defaultDissectOptions, SctpDissector, StreamDissector } from './dissect.ts';
import { bytes, hex, u8 } from './testing/bytes.ts';
import { http2Frame } from './testing/samples.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** All that the process holds, in bytes. */
function memory(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const environment = { options: defaultDissectOptions, counters: new DissectCounters() };

function dissectorOf(...packets: Buffer[]): StreamDissector {
  const dissector = new StreamDissector(environment, () => {});
  for (const [index, packet] of packets.entries()) dissector.data('source', packet, index + 1, index + 1);
  return dissector;
}

/** 60,000 bytes of a message of 65,536, which come one by one. */
const manyPieces = 60_000;

/** RTMP, after the client has set the size of its chunks to one byte. */
function rtmpInPieces(): StreamDissector {
  const chunkSize = hex('02 000000 000004 01 00000000 00000001');
  const first = hex('03 000000 010000 14 00000000 02');
  return dissectorOf(bytes(u8(3), Buffer.alloc(3072)), chunkSize, first, Buffer.alloc(2 * manyPieces, hex('c3 02')));
}

function http2InPieces(): StreamDissector {
  const fragment = http2Frame(9, 0, 1, '82');
  return dissectorOf(bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', http2Frame(1, 0, 1, '82'), Buffer.alloc(fragment.length * (manyPieces >> 1), fragment)));
}

/** Fragments of which the first is missing. */
function sctpInPieces(): SctpDissector {
  const dissector = new SctpDissector(environment, () => {});
  for (let tsn = 0; tsn < 250; tsn++) {
    const chunk = bytes(hex('00 00 0011 0000'), u8(tsn >> 8), u8(tsn), hex('00000000 00000000 41 000000'));
    dissector.packet(chunk, { sender: 'source', sourcePort: 1, destinationPort: 2, frame: 1, micros: 1 });
  }
  return dissector;
}

const makers: Record<string, () => { readonly heldBytes: number }> = { RTMP: rtmpInPieces, 'HTTP/2': http2InPieces, SCTP: sctpInPieces };

describe('what a message in the smallest of pieces holds is known, as the bound on all flows is by what they say', () => {
  for (const [name, make] of Object.entries(makers)) {
    test(name, () => {
      make();
      const before = memory();
      const flows = Array.from({ length: 20 }, make);
      const held = flows.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
      const grown = memory() - before;
      assert.ok(held > 20 * 10_000, `${held} bytes are said to be held`);
      assert.ok(grown < 2 * held + 200_000, `${grown} bytes of memory, ${held} are said to be held`);
    });
  }
});
