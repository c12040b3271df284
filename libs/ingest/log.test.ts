import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { firstLineEnd, openLog } from './ingest.ts';
import { LineSplitter, maxLineBytes } from './lines.ts';
import { netflow5 } from './testing/export-datagrams.ts';
import { fieldsOf, logSource, readLog } from './testing/read-log.ts';

const open = (start: string | Buffer): unknown => openLog(Buffer.from(start), logSource('x', () => {}));

describe('by content', () => {
  const flow = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 1, destinationPort: 2, packets: 1, bytes: 1 };
  const logs = {
    'Zeek TSV': '#separator \\x09\n',
    'Zeek JSON': '{"ts":1.5,"uid":"C1"}',
    'Zeek JSON with a byte order mark': '\u{FEFF}{"_path":"conn"}',
    EVE: '{"timestamp":"x","event_type":"flow"}',
    HAR: '{\n  "log": {\n "version"',
    'VPC flow log': '2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n',
    GCP: '[{"jsonPayload": {',
    NetFlow: netflow5(1, 0, [flow]),
  };
  for (const [name, start] of Object.entries(logs)) test(name, () => assert.ok(open(start)));

  const others = {
    nothing: '',
    'a package': '{\n  "name": "x",\n  "version": "1"\n}',
    pcap: Buffer.from('d4c3b2a1020004000000000000000000', 'hex'),
    pcapng: Buffer.from('0a0d0d0a1c0000004d3c2b1a', 'hex'),
    text: 'hello\n',
    list: '[1, 2]',
  };
  for (const [name, start] of Object.entries(others)) test(`${name} is none`, () => assert.equal(open(start), null));
});

test('a byte order mark costs no line', () => {
  const zeek = '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tquery\n#path\tdns\n'
    + '1700000000.5\tC1\t10.0.0.5\t5353\t10.0.0.1\t53\texample.org\n';
  const json = '{"_path":"dns","ts":1700000000.5,"uid":"C1","id.orig_h":"10.0.0.5","id.orig_p":5353,"id.resp_h":"10.0.0.1","id.resp_p":53}\n';
  const vpc = 'srcaddr dstaddr start end\n172.31.16.139 172.31.16.21 1418530010 1418530070\n';
  for (const log of [zeek, json, vpc]) {
    const { entries, problems } = readLog('x.log', `\uFEFF${log}`);
    assert.deepEqual([entries.length, problems], [1, []]);
    assert.equal(entries[0]!.digest, readLog('x.log', log).entries[0]!.digest);
  }
});

test('logs in UTF-16, wherever chunks end', () => {
  const log = '{"_path":"dns","ts":1700000000.5,"uid":"C1","id.orig_h":"10.0.0.5","id.orig_p":5353,"id.resp_h":"10.0.0.1","id.resp_p":53,'
    + '"query":"m\u00fcller-\u{1F600}.example"}\r\n';
  const { entries: [expected] } = readLog('x.log', log);
  const little = Buffer.from(`\uFEFF${log.repeat(3)}`, 'utf16le');
  for (const bytes of [little, Buffer.from(little).swap16()]) {
    for (const chunk of [1, 3, 1000]) {
      const { entries, problems } = readLog('x.log', bytes, chunk);
      assert.deepEqual([entries.map(({ digest, line }) => [digest, line]), problems], [[1, 2, 3].map((line) => [expected!.digest, line]), []]);
    }
  }
  assert.equal(open(Buffer.from('\uFEFFhello', 'utf16le')), null);
});

test('property: reading goes on behind any mark of a log in UTF-16', () => {
  const json = Array.from(
    { length: 4 },
    (_, row) =>
      `{"_path":"dns","ts":1700000000.5,"uid":"C${row}","id.orig_h":"10.0.0.5","id.orig_p":5353,"id.resp_h":"10.0.0.1","id.resp_p":53,`
        + `"query":"\u0a0a\u{1F600}${row}.example"}\r\n`,
  ).join('');
  const head = '#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n'
    + '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\thost\n#types\ttime\tstring\taddr\tport\taddr\tport\tstring\n';
  const tsv = head + Array.from({ length: 4 }, (_, row) => `1700000000.5\tC${row}\t10.0.0.5\t51000\t198.51.100.7\t80\th${row}.example\n`).join('');
  const little = [json, tsv].map((log) => Buffer.from(`\uFEFF${log}`, 'utf16le'));
  for (const log of [...little, ...little.map((bytes) => Buffer.from(bytes).swap16())]) {
    const whole = readLog('x.log', log).entries.map(({ line, digest }) => `${line} ${digest}`);
    assert.equal(whole.length, 4);
    fc.assert(fc.property(fc.integer({ min: 2, max: log.length }), fc.integer({ min: 1, max: log.length }), (at, step) => {
      const told: string[] = [];
      const source = logSource('x.log', ({ line, digest }) => told.push(`${line} ${digest}`));
      const first = openLog(log, source)!;
      for (let from = 0; from < at; from += step) first.push(log.subarray(from, Math.min(from + step, at)));
      const { unread, ...mark } = first.mark!();
      assert.equal((at - unread) % 2, 0);
      const second = openLog(log, source, mark)!;
      for (let from = at - unread; from < log.length; from += step) second.push(log.subarray(from, from + step));
      assert.deepEqual(told, whole);
    }), { numRuns: 200 });
  }
});

test('where the first line ends, in the text of a log', () => {
  const text = '\u0a00\u000b\u0a0a\nb\n';
  const little = Buffer.from(text, 'utf16le');
  assert.equal(firstLineEnd(Buffer.from('\uFEFF', 'utf16le'), little), 8);
  assert.equal(firstLineEnd(Buffer.from('\uFEFF', 'utf16le').swap16(), Buffer.from(little).swap16()), 8);
  assert.equal(firstLineEnd(Buffer.from('\uFEFF', 'utf16le'), little.subarray(0, 6)), 0);
  assert.equal(firstLineEnd(Buffer.from('{"'), Buffer.from('a\nb\n')), 2);
});

test('JSON behind a syslog header is read like JSON alone; what other programs say is counted', () => {
  const event = '{"timestamp":"2024-05-01T12:00:00.123456+0000","flow_id":1,"event_type":"dns","src_ip":"10.0.0.5","src_port":5353,'
    + '"dest_ip":"10.0.0.1","dest_port":53,"proto":"UDP","dns":{"type":"query","rrname":"a.example","rrtype":"A"}}';
  const { entries: [expected] } = readLog('eve.json', event);
  const headers = [
    '<134>Nov 22 10:00:00 sensor suricata[123]: ', 'Nov  2 10:00:00 sensor suricata: ', '<13>Nov 22 10:00:00 suricata[123]: @cee: ',
    '2026-11-22T10:00:00.123456+01:00 sensor suricata[123]: ',
    '<134>1 2026-11-22T10:00:00Z sensor suricata 123 - - ',
    '<134>1 2026-11-22T10:00:00.000003-08:00 - suricata - ID47 [a@32473 iut="3" e="\\"\\]\\\\"][b@1] \uFEFF',
  ];
  for (const header of headers) {
    const { entries, problems, counters } = readLog(
      'messages', `${header}${event}\n<134>Nov 22 10:00:01 sensor sshd[7]: Accepted publickey\n${header}${event}\n`,
    );
    assert.deepEqual([entries.map(({ digest, line }) => [digest, line]), problems], [[[expected!.digest, 1], [expected!.digest, 3]], []], header);
    assert.equal(counters.get('syslog', 'lines that hold no JSON'), 1);
  }
  assert.deepEqual(
    readLog('messages', `${headers[0]}${event}\n${headers[0]}${event.slice(0, 90)}\n`).problems.map(({ line, reason }) => [line, reason]),
    [[2, 'not a JSON object']],
  );
});

test('a target, or a header, longer than the dissector reads is shortened, and counted', () => {
  const event = (http: object): string =>
    JSON.stringify({
      timestamp: '2024-05-01T12:00:00.123456+0000', event_type: 'http', src_ip: '10.0.0.5', src_port: 51_000, dest_ip: '198.51.100.7',
      dest_port: 80, proto: 'TCP', http: { hostname: 'a.example', http_method: 'GET', status: 200, ...http },
    });
  const parameters = Array.from({ length: 20_000 }, (_, index) => `p${index}=x`).join('&');
  const { entries: [long, cookie], counters } = readLog('eve.json', [
    event({ url: `/v1?uid=1840273651&${parameters}` }), event({ url: '/v1?uid=1840273651', cookie: `a=${'x'.repeat(70_000)}` }),
  ].join('\n'));
  for (const one of [long, cookie]) {
    assert.deepEqual(one!.messages.map(({ protocol, encryption }) => [protocol, encryption.verdict]), [['http', 'cleartext']]);
    assert.ok(fieldsOf(one!).includes('url.query.uid=1840273651'));
    assert.equal(one!.messages[0]!.facts['http.response.status_code'], 200);
  }
  assert.deepEqual([counters.get('http', 'bounded target'), counters.get('http', 'bounded header')], [1, 1]);
});

test('the same problem is told with its place so often only; all are counted', () => {
  const { counters, problems } = readLog('eve.json', `{"event_type":"stats"}\n${'no JSON\n'.repeat(50)}{}\n`);
  assert.equal(counters.get('json', 'not a JSON object'), 50);
  assert.deepEqual(problems.map(({ line }) => line), [...Array.from({ length: 21 }, (_, index) => index + 2), 52]);
  assert.deepEqual(problems.slice(-3).map(({ reason }) => reason), [
    'not a JSON object', 'not a JSON object; further such lines are counted only', 'no known log',
  ]);
});

describe('lines', () => {
  const split = (chunks: Buffer[]): { lines: [string, number][]; tooLong: number[] } => {
    const lines: [string, number][] = [];
    const tooLong: number[] = [];
    const splitter = new LineSplitter((line, number) => lines.push([line.toString(), number]), (number) => tooLong.push(number));
    for (const chunk of chunks) splitter.push(chunk);
    splitter.finish();
    return { lines, tooLong };
  };

  test('property: chunks make no difference', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' })), fc.integer({ min: 1, max: 9 }), (texts, size) => {
      const lines = texts.map((text) => text.replaceAll(/[\r\n]/g, ''));
      const bytes = Buffer.from(lines.join('\r\n'));
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
      const expected = lines.map((line, index) => [line, index + 1]).filter(([line]) => line !== '');
      assert.deepEqual(split(chunks).lines, expected);
    }));
  });

  test('a line that is too long is passed over, however it comes', () => {
    const long = Buffer.alloc(maxLineBytes + 1, 'x');
    for (const chunks of [[Buffer.concat([Buffer.from('a\n'), long, Buffer.from('\nb\n')])], [Buffer.from('a\n'), long, long, Buffer.from('\nb')]]) {
      const { lines, tooLong } = split(chunks);
      assert.deepEqual([lines, tooLong], [[['a', 1], ['b', 3]], [2]]);
    }
  });
});
