import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerOfFlags } from './answer.ts';
import { FlowExportDecoder, IngestCounters, type LogEntry } from './ingest.ts';
import { ip, ipfix, netflow5, set, template, u16, u32, u8, type V5Record } from './testing/export-datagrams.ts';
import { readLog } from './testing/read-log.ts';

const answerOf = (entry: LogEntry | undefined): string => `${entry?.answer?.unansweredPackets ?? 0} ${entry?.answer?.endReason ?? ''}`.trim();

function exported(datagram: Buffer): string[] {
  const entries: LogEntry[] = [];
  new FlowExportDecoder({ counters: new IngestCounters(), emit: (entry) => entries.push(entry) }).datagram(datagram, '192.0.2.1', 1);
  return entries.map(answerOf);
}

test('TCP flags of one direction: SYN alone is silence, resets alone a refusal, all else says nothing', () => {
  const client = (flags: number): string => answerOf({ answer: answerOfFlags({ flags, packets: 4, bytes: 240, isFromServer: false }) } as LogEntry);
  const server = (flags: number, bytes = 40): string =>
    answerOf({ answer: answerOfFlags({ flags, packets: 1, bytes, isFromServer: true }) } as LogEntry);
  assert.deepEqual([0x02, 0x12, 0x1b, 0x06, 0x00].map(client), ['4 timeout', '0', '0', '0', '0']);
  assert.deepEqual([0x14, 0x04, 0x12, 0x16, 0x15, 0x10].map((flags) => server(flags)), ['0 refused', '0 refused', '0', '0', '0', '0']);
  assert.equal(server(0x14, 900), '0', 'a reset behind data ends a connection');
});

describe('flow exports', () => {
  const syn: V5Record = {
    source: '10.0.0.5', destination: '198.51.100.7', sourcePort: 51_000, destinationPort: 443, packets: 4, bytes: 240, flags: 0x02,
  };
  const reset: V5Record = {
    source: '198.51.100.7', destination: '10.0.0.5', sourcePort: 443, destinationPort: 51_000, packets: 1, bytes: 40, flags: 0x14,
  };

  test('NetFlow: by TCP flags, unless packets are sampled or it is UDP', () => {
    assert.deepEqual(exported(netflow5(1, 0, [syn, reset, { ...syn, flags: 0x1b }, { ...syn, protocol: 17 }])), ['4 timeout', '0 refused', '0', '0']);
    assert.deepEqual(exported(netflow5(1, 0x4000 + 100, [syn, reset])), ['0', '0']);
  });

  test('IPFIX of both directions in one record (RFC 5103): the other one is empty', () => {
    const fields: [number, number][] = [
      [8, 4],
      [12, 4],
      [7, 2],
      [11, 2],
      [4, 1],
      [298, 4],
      [299, 4],
    ];
    const record = (packets: number, reverse: number): Buffer =>
      Buffer.concat([ip('10.0.0.5'), ip('198.51.100.7'), u16(51_000, 8801), u8(17), u32(packets, reverse)]);
    assert.deepEqual(exported(ipfix(1, 0, set(2, template(256, ...fields)), set(256, record(9, 0), record(9, 8)))), ['9 timeout', '0']);
  });
});

test('Zeek: by conn_state', () => {
  const row = (state: string): string => JSON.stringify({
    _path: 'conn', ts: 1_700_000_000, uid: `C${state}`, 'id.orig_h': '10.0.0.5', 'id.orig_p': 51_000, 'id.resp_h': '198.51.100.7',
    'id.resp_p': 443, proto: 'tcp', conn_state: state, orig_pkts: 5, resp_pkts: 0,
  });
  const states = ['S0', 'REJ', 'SF', 'RSTR', 'OTH', '-'];
  const { entries } = readLog('conn.log', `${states.map(row).join('\n')}\n`);
  assert.deepEqual(entries.map(answerOf), ['5 timeout', '0 refused', '0 fin', '0 rst', '0', '0']);
});

test('EVE: by packets and flags to the client', () => {
  const event = (flow: object, tcp?: object): string => JSON.stringify({
    timestamp: '2018-07-05T15:43:47.690014-0400', event_type: 'flow', src_ip: '10.0.0.5', src_port: 51_000, dest_ip: '198.51.100.7',
    dest_port: 443, proto: 'TCP', flow, tcp,
  });
  const { entries } = readLog('eve.json', [
    event({ pkts_toserver: 6, pkts_toclient: 0, bytes_toclient: 0 }),
    event({ pkts_toserver: 1, pkts_toclient: 1, bytes_toclient: 54 }, { tcp_flags_tc: '14' }),
    event({ pkts_toserver: 9, pkts_toclient: 8, bytes_toclient: 4000 }, { tcp_flags_tc: '1e' }),
    event({ pkts_toserver: 9, pkts_toclient: 8, bytes_toclient: 4000 }),
  ].join('\n'));
  assert.deepEqual(entries.map(answerOf), ['6 timeout', '0 refused', '0', '0']);
});
