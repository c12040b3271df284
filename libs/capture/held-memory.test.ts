import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CaptureCounters } from './counters.ts';
import { decodePacket } from './decode.ts';
import type { FlowHandler } from './flow.ts';
import { FlowTable, type FlowTableOptions } from './flow-table.ts';
import { PacketView } from './view.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const ignoring: FlowHandler = { flowStarted() {}, payload() {}, gap() {}, flowUpdated() {}, flowEnded() {} };
const bound = 4 * 1024 * 1024;

/** Sends an IPv4 packet again and again, each time changed, and returns the growth of the heap in bytes; the flows themselves are few. */
function grownBy(packets: number, packet: Buffer, change: (index: number) => void, options: Partial<FlowTableOptions>): number {
  const counters = new CaptureCounters();
  const table = new FlowTable(options, ignoring, counters);
  const view = new PacketView();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < packets; index++) {
    change(index);
    Object.assign(view, { data: packet, start: 0, capturedLength: packet.length, wireLength: packet.length, linkType: 101, frame: index + 1, micros: index });
    assert.ok(decodePacket(view, counters));
    table.packet(view);
  }
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(counters.heldBytes > 0 && table.size <= 20);
  return grown;
}

test('TCP segments of one byte, every other of which is missing, take no more memory than the bound', () => {
  const packet = Buffer.from('45000029000000004006 0000 0a000001 0a000002 0000 01bb 00000000 00000000 5010 0000 0000 0000 41'.replaceAll(' ', ''), 'hex');
  const grown = grownBy(80_000, packet, (index) => {
    packet.writeUInt16BE(1000 + Math.floor(index / 4000), 20);
    packet.writeUInt32BE(index % 4000 === 0 ? 0 : 2 * (index % 4000) + 100, 24);
  }, { maxBufferedBytes: bound });
  assert.ok(grown < bound, `${grown} bytes`);
});

test('first fragments of eight bytes take no more memory than the bound', () => {
  const packet = Buffer.from('4500001c000020004011 0000 0a000001 0a000002 0035003500080000'.replaceAll(' ', ''), 'hex');
  const grown = grownBy(40_000, packet, (index) => packet.writeUInt16BE(index, 4), { maxFragmentBytes: bound });
  assert.ok(grown < bound, `${grown} bytes`);
});
