import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FlowRecord } from '#flow';
import { capturesFolder, withoutCaptures } from './captures.ts';
import { compare } from './answers.ts';
import { askNfdump, exportedFlows, exportedRecords, recordsOf, withoutNfdump } from './nfdump.ts';

/**
 * Flow exports that softflowd made from captures, as read by the probe, compared with nfdump's reading of the same datagrams and with the
 * probe's own flows of the capture.
 */
const names = ['1kxun.pcap', 'agora-sd-rtn.pcap', 'oicq.pcap', 'stun_wa_call.pcapng', 'teams.pcap', 'xiaomi.pcap', 'zoom.pcap'];
const versions = ['v5', 'v9', 'ipfix'];
const exportOf = (name: string, version: string): string => join(capturesFolder, 'netflow-from-pcap', `${name}.${version}.pcap`);

const ends = (record: FlowRecord): string =>
  `${record['network.transport']} `
    + `${[`${record['source.ip']}:${record['source.port']}`, `${record['destination.ip']}:${record['destination.port']}`].toSorted().join(' ')}`;

for (const name of names) {
  test(`${name}: the flows of the exports are flows of the capture`, { skip: withoutCaptures() }, () => {
    const known = new Set(recordsOf(join(capturesFolder, 'ndpi/pcap', name)).map(ends));
    for (const version of versions) {
      const flows = exportedRecords(exportOf(name, version));
      assert.ok(flows.length > 0, version);
      const strange = [...new Set(flows.filter((flow) => ['tcp', 'udp'].includes(flow['network.transport'])).map(ends))].filter(
        (one) => !known.has(one),
      );
      assert.deepEqual(strange, [], version);
    }
  });
}

test('nfdump reads the same flows, bytes and packets out of the same datagrams', { skip: withoutCaptures() || withoutNfdump() }, async () => {
  let flows = 0;
  for (const version of versions) {
    for (const name of names) {
      const path = exportOf(name, version);
      const { theirs, missing, extra } = compare((await askNfdump(path)).get('flow'), exportedFlows(path).get('flow'));
      assert.deepEqual([missing, extra], [[], []], `${name} ${version}`);
      flows += theirs;
    }
  }
  assert.ok(flows > 300, `${flows} flows`);
});
