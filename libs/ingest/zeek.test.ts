import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openLog, type LogEntry, type LogSource } from './ingest.ts';
import { fieldsOf, logSource, readLog, survivesDamage } from './testing/read-log.ts';

const header = (path: string, fields: string[], types: string[]): string =>
  `#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t${path}\n#open\t2024-01-01-00-00-00\n`
    + `#fields\t${fields.join('\t')}\n#types\t${types.join('\t')}\n`;
const id = ['ts', 'uid', 'id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p'];
const idTypes = ['time', 'string', 'addr', 'port', 'addr', 'port'];
const client = ['1700000000.250000', 'CHhAvVGS1DHFjwGM9', '192.0.2.7', '42226', '198.51.100.9', '80'];

const httpLog = header(
  'http',
  [...id, 'method', 'host', 'uri', 'user_agent', 'username', 'password', 'proxied', 'status_code'],
  [...idTypes, 'string', 'string', 'string', 'string', 'string', 'string', 'set[string]', 'count'],
)
  + [
    ...client, 'GET', 'api.example.org', '/v1/join?uid=1840273651&room=a b', 'app/1 \\x28x\\x29', '-', '-',
    'X-FORWARDED-FOR -> 203.0.113.5,VIA -> p', '206',
  ].join('\t') + '\n#close\t2024-01-01-01-00-00\n';
const connLog = header(
  'conn',
  [
    ...id, 'proto', 'service', 'duration', 'orig_bytes', 'resp_bytes', 'conn_state', 'orig_pkts', 'orig_ip_bytes', 'resp_pkts',
    'resp_ip_bytes',
  ],
  [...idTypes, 'enum', 'string', 'interval', 'count', 'count', 'string', 'count', 'count', 'count', 'count'],
) + [...client, 'tcp', 'http', '1.500000', '100', '200', 'SF', '4', '316', '5', '468'].join('\t') + '\n';

describe('TSV', () => {
  test('a request has the fields, encodings and facts that it has on the wire', () => {
    const { entries: [entry], problems } = readLog('http.log', httpLog);
    assert.deepEqual(problems, []);
    assert.deepEqual([entry!.flowName, entry!.line, entry!.micros, entry!.totals], ['CHhAvVGS1DHFjwGM9', 9, 1_700_000_000_250_000, null]);
    assert.deepEqual(entry!.endpoints, {
      sourceIp: '192.0.2.7',
      sourcePort: 42226,
      destinationIp: '198.51.100.9',
      destinationPort: 80,
      transport: 'tcp',
    });
    const [request] = entry!.messages;
    assert.equal(entry!.messages.length, 1);
    assert.deepEqual(request!.facts, {
      'http.request.method': 'GET',
      'url.domain': 'api.example.org',
      'destination.domain': 'api.example.org',
      'telltale.destination.domain_source': 'http',
      'url.path': '/v1/join',
      'url.query': 'uid=1840273651&room=a%20b',
      'user_agent.original': 'app/1 (x)',
      'http.response.status_code': 206,
      'telltale.flow.hops': ['forwarded-client=203.0.113.0/24'],
    });
    const fields = fieldsOf(entry!);
    for (const expected of ['url.query.uid=1840273651', 'url.query.room=a b', 'http.request.header.x-forwarded-for=203.0.113.5'])
      assert.ok(fields.includes(expected), expected);
    assert.equal(request!.fields.find(({ path }) => path === 'url.query.room')!.encoding, 'url');
  });

  test('a connection has its counters, its end and its protocol', () => {
    const { entries: [entry] } = readLog('conn.log', connLog);
    assert.deepEqual(entry!.totals, { sourceBytes: 316, sourcePackets: 4, destinationBytes: 468, destinationPackets: 5 });
    assert.deepEqual([entry!.startMicros, entry!.micros, entry!.protocol], [1_700_000_000_250_000, 1_700_000_001_750_000, 'http']);
  });

  test('a new header in the middle changes columns, separators and path', () => {
    const second =
      '#separator \\x7c\n#set_separator|;\n#empty_field|EMPTY\n#unset_field|?\n#path|dns\n'
        + '#fields|ts|uid|id.orig_h|id.orig_p|id.resp_h|id.resp_p|proto|query|qtype_name|answers|TTLs\n'
        + '#types|time|string|addr|port|addr|port|enum|string|string|vector[string]|vector[interval]\n' +
      '1700000001.5|C2|2001:db8::1|5353|2001:db8::53|53|udp|Example.ORG|AAAA|www.example.org;2001:db8::99|300.0;60.0\n'
        + '1700000002.5|C3|2001:db8::1|5353|2001:db8::53|53|udp|?|?|EMPTY|?\n';
    const { entries, problems } = readLog('current.log', httpLog + second);
    assert.deepEqual(problems, []);
    assert.equal(entries.length, 3);
    const [dns] = entries[1]!.messages;
    assert.deepEqual(dns!.facts, { 'dns.question.name': 'example.org', 'dns.question.type': 'AAAA', 'dns.resolved_ip': ['2001:db8::99'] });
    assert.deepEqual(dns!.resolution, { name: 'example.org', addresses: ['2001:db8::99'], ttl: 60 });
    assert.deepEqual(entries[2]!.messages[0]!.facts, {});
  });

  test('unusable lines are counted with their place, and the others are read', () => {
    const [first, ...rest] = httpLog.split('\n').slice(8);
    const log = `${httpLog}short\tline\n${first!.replace('1700000000.250000', 'soon')}\n${first!.replace('192.0.2.7', '192.0.2.777')}\n`
      + `${first}\n${rest.join('\n')}`;
    const { entries, problems, counters } = readLog('http.log', log);
    assert.deepEqual(entries.map(({ line }) => line), [9, 14]);
    assert.deepEqual(problems.map(({ file, line, reason }) => `${file}:${line} ${reason}`), [
      'http.log:11 number of columns differs from #fields', 'http.log:12 ts missing or malformed',
      'http.log:13 addresses or ports missing or malformed',
    ]);
    assert.equal(counters.entries, 2);
  });
});

describe('JSON', () => {
  test('the log is known by _path, by its file, and by its columns', () => {
    const row = {
      ts: '2018-03-24T17:15:24.704286Z', uid: 'C1', 'id.orig_h': '10.0.0.1', 'id.orig_p': 1, 'id.resp_h': '10.0.0.2', 'id.resp_p': 21,
      user: 'bob', password: 'secret7',
    };
    for (const [name, extra] of [['x.json', { _path: 'ftp' }], ['ftp.2018-03-24.log', {}], ['x.json', { 'data_channel.passive': true }]] as const) {
      const { entries } = readLog(name, JSON.stringify({ ...row, ...extra }));
      assert.deepEqual(entries.map(fieldsOf), [['ftp.login.user_name=bob', 'ftp.login.password=secret7']], name);
      assert.equal(entries[0]!.micros, 1_521_911_724_704_286);
    }
  });

  test('an anonymous login names nobody', () => {
    const { entries } = readLog(
      'ftp.log',
      '{"_path":"ftp","ts":1.5,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":21,"user":"anonymous",'
        + '"password":"a@b.example"}',
    );
    assert.deepEqual(entries.map(fieldsOf), [[]]);
  });

  test('what is no JSON and what tells of no flow is counted, the latter without a problem', () => {
    const { entries, problems, counters } = readLog('x.json', '{"_path":"weird","ts":1,"uid":"C1","name":"x"}\n{broken\n[1]\n{"a":1}\n');
    assert.equal(entries.length, 0);
    assert.deepEqual(problems.map(({ line, reason }) => [line, reason]), [[2, 'not a JSON object'], [3, 'not a JSON object'], [4, 'no known log']]);
    assert.equal(counters.get('zeek', 'rows of logs that are not used'), 1);
  });
});

test('property: both writers, and any chunks, give the same entries', () => {
  // oxlint-disable-next-line no-control-regex
  const value = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((one) => one !== '' && !/^[-#]|[\x00-\x1f\x7f]|^\(empty\)$/u.test(one));
  fc.assert(fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (rows, chunk) => {
    const escaped = (one: string): string => one.replaceAll('\\', '\\\\').replaceAll(
      /[^\x20-\x7e]/gu, (character) => [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16)}`).join(''),
    );
    const tsv = header('irc', [...id, 'nick', 'value'], [...idTypes, 'string', 'string'])
      + rows.map(([nick, one]) => [...client, escaped(nick), escaped(one)].join('\t')).join('\n');
    const json = rows.map(([nick, one]) => JSON.stringify({
      _path: 'irc', ts: 1_700_000_000.25, uid: client[1], 'id.orig_h': client[2], 'id.orig_p': 42226, 'id.resp_h': client[4],
      'id.resp_p': 80, nick, value: one,
    })).join('\n');
    const comparable = ({ entries }: ReturnType<typeof readLog>): unknown => entries.map(
      ({ endpoints, micros, messages, flowName }) => ({ endpoints, micros, messages, flowName }),
    );
    const expected = rows.map(([nick, one]) => [`irc.login.user_name=${nick}`, `irc.argument=${one}`]);
    assert.deepEqual(readLog('x', tsv, chunk).entries.map(fieldsOf), expected);
    assert.deepEqual(comparable(readLog('x', json, chunk)), comparable(readLog('x', tsv)));
  }));
});

test('damaged logs are survived', () => {
  survivesDamage(
    [
      httpLog + connLog,
      '{"_path":"dns","ts":1.5,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":53,"query":"a.example","answers":["192.0.2.1"],"TTLs":[1.0]}\n'.repeat(
        3,
      ),
    ],
    20_000,
  );
});

test('a lease, a tunnel, a file and logins: who, between whom, under the paths of the wire', () => {
  const flow = { ts: 1.5, uid: 'C1', 'id.orig_h': '10.0.0.1', 'id.orig_p': 1024, 'id.resp_h': '10.0.0.2', 'id.resp_p': 80 };
  const read = (row: object): unknown[] => {
    const { entries: [entry], problems } = readLog('x.json', JSON.stringify(row));
    assert.deepEqual(problems, []);
    const { sourceIp, destinationIp, destinationPort, transport } = entry!.endpoints;
    return [
      `${sourceIp} ${destinationIp}:${destinationPort}/${transport}`,
      entry!.flowName,
      ...entry!.messages.map(({ protocol }) => protocol),
      ...fieldsOf(entry!),
    ];
  };
  assert.deepEqual(
    read({
      _path: 'dhcp',
      ts: 1.5,
      uids: ['C7', 'C8'],
      client_addr: '10.0.0.9',
      server_addr: '10.0.0.1',
      mac: '00:00:5e:00:53:01',
      host_name: 'Janes-Phone',
    }),
    ['10.0.0.9 10.0.0.1:67/udp', 'C7', 'dhcp', 'dhcp.host_name=Janes-Phone'],
  );
  assert.deepEqual(read({ _path: 'dhcp', ts: 1.5, uids: ['C7'], host_name: 'x' })[0], '0.0.0.0 255.255.255.255:67/udp');
  assert.deepEqual(
    read({ ...flow, _path: 'tunnel', 'id.orig_p': 0, 'id.resp_p': 0, tunnel_type: 'Tunnel::GRE', action: 'Tunnel::DISCOVER' }),
    ['10.0.0.1 10.0.0.2:0/gre', 'C1', 'gre'],
  );
  assert.deepEqual(read({ ...flow, _path: 'files', source: 'HTTP', filename: 'jane.pdf', is_orig: false }), [
    '10.0.0.1 10.0.0.2:80/tcp', 'C1', 'http', 'http.file_name=jane.pdf',
  ]);
  assert.deepEqual(read({ ...flow, _path: 'irc', nick: 'jane', command: 'JOIN', value: '#ops' }).slice(3), [
    'irc.login.user_name=jane', 'irc.channel=ops',
  ]);
  assert.deepEqual(
    read({ ...flow, _path: 'ldap', opcode: 'bind simple', object: 'cn=jane', argument: 'REDACTED' }).slice(3),
    ['ldap.login.user_name=cn=jane'],
  );
  assert.deepEqual(read({ ...flow, _path: 'snmp', version: '3', community: 'jane' }).slice(3), ['snmp.user=jane']);
  assert.equal(
    readLog('files.log', JSON.stringify({ _path: 'files', ts: 1.5, fuid: 'F1', tx_hosts: ['10.0.0.1'] })).counters.get(
      'zeek',
      'rows of logs that are not used',
    ),
    1,
  );
});

test('property: reading goes on behind any mark, with the columns and the numbers that are in force there', () => {
  const rows = Array.from({ length: 6 }, (_, row) => [...client, 'GET', `h${row}.example`, '/', '-', '-', '-', '-', '200'].join('\t'));
  const log = Buffer.from(`${httpLog.split('\n').slice(0, 8).join('\n')}\n${rows.join('\n')}\n`);
  const told = ({ entries }: { entries: readonly LogEntry[] }): unknown[] =>
    entries.map(({ line, messages }) => [line, messages[0]!.facts['url.domain']]);
  const whole = told(readLog('current.log', log));
  assert.equal(whole.length, 6);
  fc.assert(fc.property(fc.integer({ min: 1, max: log.length }), (at) => {
    const entries: LogEntry[] = [];
    const source = logSource('current.log', (entry) => entries.push(entry));
    const first = openLog(log, source)!;
    first.push(log.subarray(0, at));
    const { unread, ...mark } = first.mark!();
    const second = openLog(log, source, mark)!;
    second.push(log.subarray(at - unread));
    assert.deepEqual(told({ entries }), whole);
  }));
});

describe('certificates', () => {
  const sslLog = (column: string, ...rows: (readonly [uid: string, certificates: string])[]): string =>
    header('ssl', [...id, 'server_name', column], [...idTypes, 'string', 'vector[string]']) +
    rows.map(([uid, certificates]) => [client[0], uid, ...client.slice(2), '-', certificates].join('\t') + '\n').join('');
  const x509Log = (column: string, ...rows: (readonly [id: string, subject: string, names: string])[]): string =>
    header('x509', ['ts', column, 'certificate.subject', 'san.dns'], ['time', 'string', 'string', 'vector[string]']) +
    rows.map((row) => [client[0], ...row].join('\t') + '\n').join('');

  /** The logs in this order, as of one Zeek. */
  function read(...logs: string[]): { entries: LogEntry[]; counters: LogSource['counters'] } {
    const entries: LogEntry[] = [];
    const source = logSource('zeek', (entry) => entries.push(entry));
    for (const log of logs) openLog(Buffer.from(log), source)!.push(Buffer.from(log));
    return { entries, counters: source.counters };
  }
  const shown = (entries: readonly LogEntry[]): unknown[] =>
    entries
      .flatMap(({ flowName, digest, messages }) =>
        messages.flatMap(({ facts }) =>
          facts['telltale.tls.certificate_names'] === undefined ? [] : [[flowName, digest, facts['telltale.tls.certificate_names']]],
        ),
      )
      .toSorted();

  test('name the connections that showed them, in either order of the logs and by either key', () => {
    for (const [sslColumn, x509Column] of [['cert_chain_fps', 'fingerprint'], ['cert_chain_fuids', 'id']] as const) {
      const ssl = sslLog(sslColumn, ['C1', 'f1,f2'], ['C2', 'f3'], ['C3', '(empty)'], ['C4', 'f1'], ['C5', 'f9']);
      const x509 = x509Log(
        x509Column,
        ['f1', 'CN=Chat.Example,O=a\\\\, b,C=DE', 'chat.example,*.chat.example'],
        ['f2', 'CN=an issuer', '-'],
        ['f3', 'O=nobody', '-'],
      );
      const { entries } = read(ssl, x509);
      const names = ['chat.example', '*.chat.example'];
      assert.deepEqual(shown(entries).map((each) => (each as unknown[]).toSpliced(1, 1)), [['C1', names], ['C4', names]]);
      assert.deepEqual(shown(read(x509, ssl).entries), shown(entries));
      assert.ok(fieldsOf(entries.at(-1)!).includes('tls.certificate.name=chat.example'));
      assert.equal(entries.at(-1)!.messages[0]!.sender, 'destination');
    }
  });

  test('the memory for them has bounds, which are counted', () => {
    const many = Array.from({ length: 20_001 }, (_, i) => i);
    const { entries, counters } = read(
      sslLog('cert_chain_fps', ...many.map((i) => [`C${i}`, `f${i}`] as const)),
      x509Log('fingerprint', ...many.map((i) => [`f${i}`, `CN=h${i}.example`, '-'] as const)),
    );
    assert.equal(shown(entries).length, 20_000);
    assert.equal(counters.get('zeek', 'connections whose certificate did not come'), 1);
    assert.equal(counters.get('zeek', 'certificates forgotten'), 1);
  });
});
