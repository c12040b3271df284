import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLog, survivesDamage } from './testing/read-log.ts';

// Records of the vendor's documentation, addresses included.
const version2 = `2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK
2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK
2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA
2 123456789010 eni-1235b8ca123456789 2001:db8:1234:a100:8d6e:3477:df66:f105 2001:db8:1234:a102:3304:8879:34cf:4071 34892 22 6 54 8855 1477913708 1477913820 ACCEPT OK
`;
const version3 = `version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport pkt-srcaddr pkt-dstaddr protocol bytes packets start end action tcp-flags log-status
3 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-01234567890123456 eni-1235b8ca123456789 123456789010 IPv4 52.213.180.42 10.0.0.62 43416 5001 52.213.180.42 10.0.0.62 6 568 8 1566848875 1566848933 ACCEPT 2 OK
3 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-01234567890123456 eni-1235b8ca123456789 123456789010 IPv4 10.0.0.62 52.213.180.42 5001 43416 10.0.0.62 52.213.180.42 6 376 7 1566848875 1566848933 ACCEPT 18 OK
3 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 - eni-1235b8ca123456789 123456789010 IPv4 10.20.33.164 10.40.2.236 39812 80 10.40.1.175 10.40.2.236 6 100 1 1566848875 1566848933 ACCEPT 3 OK
`;

test('VPC flow logs of version 2, without a header', () => {
  const { entries, problems, counters } = readLog('flow.log', version2);
  assert.deepEqual(problems, []);
  assert.equal(counters.get('vpc-flow-log', 'intervals without traffic'), 1);
  assert.deepEqual(
    entries.map(({ endpoints, totals }) => [
      endpoints.sourceIp, endpoints.destinationIp, endpoints.destinationPort, endpoints.transport, totals!.sourceBytes,
      totals!.sourcePackets,
    ]),
    [
      ['172.31.16.139', '172.31.16.21', 22, 'tcp', 4249, 20], ['172.31.9.69', '172.31.9.12', 3389, 'tcp', 4249, 20],
      ['2001:db8:1234:a100:8d6e:3477:df66:f105', '2001:db8:1234:a102:3304:8879:34cf:4071', 22, 'tcp', 8855, 54],
    ],
  );
  assert.deepEqual([entries[0]!.startMicros, entries[0]!.micros], [1_418_530_010_000_000, 1_418_530_070_000_000]);
});

test('VPC flow logs with a header: both directions are one flow, opened by who sent the SYN; the packet\'s addresses count', () => {
  const { entries } = readLog('flow.log', version3);
  assert.deepEqual(entries.map(({ endpoints }) => [endpoints.sourceIp, endpoints.sourcePort, endpoints.destinationIp]), [
    ['52.213.180.42', 43416, '10.0.0.62'], ['52.213.180.42', 43416, '10.0.0.62'], ['10.40.1.175', 39812, '10.40.2.236'],
  ]);
  assert.deepEqual(entries.slice(0, 2).map(({ totals }) => [totals!.sourceBytes, totals!.destinationBytes]), [[568, 0], [0, 376]]);
  assert.equal(new Set(entries.slice(0, 2).map(({ flowName }) => flowName)).size, 1);
});

test('VPC flow logs as CloudWatch exports them, and with their format for a header; of a format that nobody tells is said so', () => {
  const exported = version2.replaceAll(/^(?=2)/gm, '2024-05-01T12:00:00.000Z ');
  assert.deepEqual(
    readLog('a', exported).entries.map(({ endpoints }) => endpoints), readLog('a', version2).entries.map(({ endpoints }) => endpoints),
  );
  const [names, ...rows] = version3.trim().split('\n');
  const asFormat = [names!.replaceAll(/\S+/g, '${$&}'), ...rows].join('\n');
  assert.deepEqual(
    readLog('a', asFormat).entries.map(({ endpoints }) => endpoints), readLog('a', version3).entries.map(({ endpoints }) => endpoints),
  );
  assert.throws(() => readLog('a', rows.join('\n')), {
    name: 'CaptureError', code: 'unsupported_version', message: /lacks the line that names its columns/,
  });
});

test('unusable lines are counted with their place', () => {
  const { entries, problems } = readLog('flow.log', `${version2}2 short\n${version2.split('\n')[0]!.replace('172.31.16.139', '172.31.16')}\n`);
  assert.equal(entries.length, 3);
  assert.deepEqual(
    problems.map(({ line, reason }) => [line, reason]),
    [
      [5, 'number of columns differs from the header'],
      [6, 'addresses or ports missing or malformed'],
    ],
  );
});

const gcp = {
  insertId: 'x', timestamp: '2019-01-01T00:00:10Z',
  jsonPayload: {
    bytes_sent: '1776',
    packets_sent: '13',
    connection: { dest_ip: '10.138.0.2', dest_port: 45126, protocol: 6, src_ip: '203.0.113.9', src_port: 443 },
    start_time: '2019-01-01T00:00:05.000123Z',
    end_time: '2019-01-01T00:00:09.500Z',
    reporter: 'DEST',
  },
};

test('GCP flow logs, a record per line or all in one array', () => {
  for (const content of [JSON.stringify(gcp), JSON.stringify([gcp], null, 2)]) {
    const { entries: [entry], problems } = readLog('gcp.json', content);
    assert.deepEqual(problems, []);
    assert.deepEqual(entry!.endpoints, {
      sourceIp: '10.138.0.2',
      sourcePort: 45126,
      destinationIp: '203.0.113.9',
      destinationPort: 443,
      transport: 'tcp',
    });
    assert.deepEqual(entry!.totals, { sourceBytes: 0, sourcePackets: 0, destinationBytes: 1776, destinationPackets: 13 });
    assert.equal(entry!.startMicros, Date.UTC(2019, 0, 1, 0, 0, 5) * 1000 + 123);
  }
});

test('damaged logs are survived', () => survivesDamage([version2, version3, JSON.stringify(gcp), JSON.stringify([gcp])], 20_000));
