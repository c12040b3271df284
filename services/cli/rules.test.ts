import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CaptureBuilder } from '#capture';

const main = fileURLToPath(new URL('main.js', import.meta.url));

function telltale(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'rules', ...args], { encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

function folderWith(context: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'telltale-rules-'));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

const rule =
  'title: Echo\nid: 11111111-2222-4333-8444-555555555555\nlevel: low\nlogsource: { product: telltale }\ndetection:\n'
    + '  selection: { destination.port: 7 }\n  filter: { destination.domain|endswith: .own.example }\n'
    + '  condition: selection and not filter\n';
const fixtures =
  'match:\n  - { name: echo, record: { destination.port: 7 } }\nno_match:\n'
    + '  - { name: own, record: { destination.port: 7, destination.domain: a.own.example } }\n';

test('rules lint: the pack that ships has nothing wrong', () => {
  const { status, out, err } = telltale('lint');
  assert.deepEqual([status, out], [0, '']);
  assert.match(err, /^\d+ rules, \d+ evaluable here; 0 errors, 0 warnings\n$/);
});

test('rules lint: problems have a place, and errors the exit status 1', (context) => {
  const folder = folderWith(context, {
    'bad.yml': rule.replace('destination.port', 'destination.prt'),
    'proxy.yml': rule.replaceAll('5', '6').replace('product: telltale', 'category: proxy').replace('destination.port: 7', 'cs-cookie: x'),
    'exceptions/old.yml': 'match: { destination.port: 7 }\nowner: me\nreason: because\nexpires: 2020-01-01\n',
    'placeholders.yml': 'Servers: web\n',
  });
  const { status, out } = telltale('lint', folder);
  assert.equal(status, 1);
  assert.deepEqual(out.trim().split('\n').map((line) => line.replace(`${folder}/`, '')), [
    'bad.yml:6:16 error the field "destination.prt" is unknown (did you mean "destination.port"?) [unknown-field]',
    'exceptions/old.yml:4:10 warning the exception expired on 2020-01-01: what it matched is reported again [expired]',
    'placeholders.yml:1:10 error Servers: expected a list [schema]',
    'proxy.yml:6:16 warning it cannot be evaluated here: the field "cs-cookie" has no mapping [not-evaluable]',
  ]);
  assert.equal(telltale('lint', path.join(folder, 'proxy.yml')).status, 0);
});

test('rules lint: YAML of another kind in a checkout is skipped and counted, a rule with a mistake is not', (context) => {
  const folder = folderWith(context, {
    'rules/good.yml': rule,
    'rules/misspelt.yml': rule.replaceAll('5', '6').replace('detection:', 'detektion:'),
    'rules/list.yml': `- title: Listed\n  detection: {}\n`,
    'rules/broken.yml': 'title: Broken\ndetection: [',
    'regression_data/a/info.yml':
      'id: 11111111-2222-4333-8444-777777777777\nrule_metadata:\n  - id: 11111111-2222-4333-8444-555555555555\n    title: Echo\n'
        + 'regression_tests_info: []\n',
    'regression_data/b/info.yml': 'id: 2\n',
    'ci/workflow.yml': 'name: Tests\non: [push]\njobs: {}\n',
    'ci/template.yml': 'name: {{ .Values.name }}\n{{- end }}\n',
    'ci/list.yaml': '- one\n- two\n',
  });
  const { status, out, err } = telltale('lint', folder);
  assert.equal(status, 1);
  assert.deepEqual(out.trim().split('\n').map((line) => line.replace(`${folder}/`, '').replace(/^(\S+) (\S+) .*\[(.*)\]$/, '$1 $2 $3')), [
    'rules/broken.yml:2:13 error yaml', 'rules/list.yml:1:1 error document', 'rules/misspelt.yml:1:1 error detection',
  ]);
  assert.match(err.replace(`${folder}/`, ''), /\ninfo: 5 files of other YAML were skipped, such as ci\/list\.yaml\n$/);
  const alone = telltale('lint', path.join(folder, 'ci/workflow.yml'));
  assert.equal(alone.status, 1);
  assert.match(alone.out, /workflow\.yml:1:1 error it contains no rule: a rule has title/);
  assert.equal(telltale('lint', path.join(folder, 'regression_data')).status, 0);
});

test('rules test: fixtures of each rule, and rules without any', (context) => {
  assert.equal(telltale('test').status, 0);
  const good = folderWith(context, { 'echo.yml': rule, 'echo.fixtures.yml': fixtures });
  assert.deepEqual(telltale('test', good), { status: 0, out: '', err: '1 rule tested, 0 failures\n' });
  const wrong = folderWith(context, { 'echo.yml': rule, 'echo.fixtures.yml': fixtures.replace('7 }', '8 }'), 'none.yml': rule.replaceAll('5', '6') });
  const { status, out } = telltale('test', wrong);
  assert.equal(status, 1);
  assert.match(out, /echo\.fixtures\.yml:2:13: error: echo: the rule must match, but does not/);
  assert.match(out, /none\.yml:1:1: error: the rule has no fixtures/);
});

test('rules list: level, id, title, log source, and why a rule is not evaluable', (context) => {
  const folder = folderWith(context, {
    'echo.yml': rule,
    'win.yml': rule
      .replaceAll('5', '6')
      .replace('product: telltale', 'product: windows, category: process_creation')
      .replace('destination.port: 7', 'Image: x'),
  });
  const { status, out } = telltale('list', folder);
  assert.equal(status, 0);
  assert.match(out, /^low +11111111-2222-4333-8444-555555555555 +Echo +telltale +yes$/m);
  assert.match(out, /windows\/process_creation +no; the log source windows\/process_creation has no mapping; the field "Image" has no mapping$/m);
  const [first] = telltale('list', folder, '--format', 'ndjson')
    .out.trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { title: string; evaluable: string });
  assert.deepEqual([first!.title, first!.evaluable], ['Echo', 'whole']);
});

test('rules explain: each search of a rule over records', (context) => {
  const folder = folderWith(context, {
    'echo.yml': rule,
    'r.ndjson': '{"destination.port": 7}\n{"destination.port": 7, "destination.domain": "a.own.example"}\n',
    'bad.json': '{"destination.prt": 7}',
  });
  const { status, out } = telltale('explain', path.join(folder, 'r.ndjson'), '--rules', folder, '--rule', 'Echo');
  assert.equal(status, 0);
  assert.match(out, /1 of 2 records match/);
  assert.match(
    out,
    /matches: [^]*holds +selection\n +\+ destination\.port: 7 +is 7\n +fails +filter\n +- destination\.domain: \*\.own\.example +\(absent\)/,
  );
  assert.match(out, /does not match: [^]*holds +filter\n +\+ destination\.domain: \*\.own\.example +is a\.own\.example/);
  assert.match(telltale('explain', path.join(folder, 'bad.json'), '--rules', folder).err, /record 1: records have no field "destination\.prt"/);
  const unusable: [args: string[], message: RegExp][] = [
    [['explain', path.join(folder, 'r.ndjson'), '--rule', 'none'], /no rule has the id, name or title "none"/],
    [['explain'], /needs a FILE/],
    [['explain', path.join(folder, 'gone.json')], /there is no file .*gone\.json/],
    [['explain', path.join(folder, 'gone.pcap')], /gone\.pcap: there is no such file/],
    [['explain', path.join(folder, 'echo.yml')], /echo\.yml: the input is neither a capture/],
    [['lint', path.join(folder, 'gone')], /there is no file or folder .*gone/],
    [['list', '--rules', folder], /only explain takes --rules; use telltale rules list DIR/],
    [['test', path.join(folder, 'bad.json')], /bad\.json: it contains no rule: a rule has title/],
    [['list', path.join(folder, 'bad.json')], /bad\.json: it contains no rule/],
    [['convert', path.join(folder, 'bad.json')], /bad\.json: it contains no rule/],
    [['test', '--backtest', 'yesterday', '2026-08-02'], /yesterday: expected a day or a time in UTC/],
    [['test', folder, '--backtest', '2026-08-01'], /--backtest takes two times, FROM and TO/],
  ];
  for (const [args, message] of unusable) {
    const found = telltale(...args);
    assert.equal(found.status, 2, args.join(' '));
    assert.match(found.err, message);
  }
  assert.match(
    telltale('explain', path.join(folder, 'r.ndjson'), '--rules', path.join(folder, 'echo.yml')).err,
    /echo\.yml is a file, but a folder is needed/,
  );
  assert.equal(telltale('frob').status, 2);
  assert.match(telltale('--help').out, /rules lint/);
});

test('rules explain: many records are summed up by what does not hold, and a few are shown', (context) => {
  const own = { 'destination.port': 7, 'destination.domain': 'a.own.example' };
  const records = [
    ...Array.from({ length: 40 }, (_, i) => ({ 'destination.port': 100 + i })),
    ...Array.from({ length: 5 }, () => own),
    { 'destination.port': 7 },
  ];
  const folder = folderWith(context, { 'echo.yml': rule, 'r.ndjson': records.map((record) => JSON.stringify(record)).join('\n') });
  const explain = (...more: string[]): string => telltale('explain', path.join(folder, 'r.ndjson'), '--rules', folder, ...more).out;
  const named = explain('--rule', 'Echo');
  assert.match(named, /1 of 46 records match\n {4}5 × selection holds, filter holds\n {4}40 × selection fails, filter fails\n {2}matches: /);
  assert.equal(named.match(/^ {2}(?:matches|does not match): /gm)!.length, 3);
  assert.equal(explain('--rule', 'Echo', '--all').match(/^ {2}(?:matches|does not match): /gm)!.length, 46);
  assert.equal(explain().match(/^ {2}(?:matches|does not match): /gm)!.length, 1);
});

test('rules explain: the records of a capture', (context) => {
  const builder = new CaptureBuilder();
  builder
    .tcp({ client: { ip: '10.0.0.5', port: 40_000 }, server: { ip: '192.0.2.7', port: 80 }, at: 1_760_000_000_000_000 })
    .handshake()
    .send('GET /admin/x HTTP/1.1\r\nHost: h.example\r\nUser-Agent: curl/8\r\n\r\n')
    .receive('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    .close();
  const proxy = rule
    .replace('product: telltale', 'category: proxy')
    .replace('destination.port: 7', "c-uri|startswith: '/admin/', cs-host: h.example");
  const folder = folderWith(context, { 'rules/proxy.yml': proxy });
  const capture = path.join(folder, 'c.pcap');
  writeFileSync(capture, builder.pcap());
  const { status, out, err } = telltale('explain', capture, '--rules', path.join(folder, 'rules'));
  assert.equal(status, 0, err);
  assert.match(out, /^Echo \(low, [-0-9]+\)\n  [1-9]\d* of \d+ records match\n  matches: 10\.0\.0\.5:40000 → h\.example:80 \(frame \d+\)\n/);
  assert.match(out, /\+ url\.original: \/admin\/\* +is \/admin\/x, http:\/\/h\.example\/admin\/x/);
});

const counted = `${rule.replace('title: Echo', 'title: Echo\nname: echo\ntelltale: { finding: flow }')}---
title: Many echoes
id: 11111111-2222-4333-8444-555555555556
level: high
correlation: { type: event_count, rules: [echo], group-by: [source.ip], timespan: 1h, condition: { gte: 3 } }
`;

test('rules convert: SQL of rules and correlations, and what SQL cannot say', (context) => {
  const folder = folderWith(context, {
    'echo.yml': counted,
    'look.yml': rule.replaceAll('5', '6').replace('destination.port: 7', "url.path|re: 'a(?=b)'"),
  });
  const { status, out } = telltale('convert', folder);
  assert.equal(status, 0);
  assert.match(
    out,
    /^-- Echo \(low, [-0-9]+\)\nSELECT [^;]*FROM flows FINAL\nWHERE \(destination_port = 7 AND NOT \(endsWith\(lowerUTF8\(destination_domain\), '\.own\.example'\)\)\)\nORDER BY timestamp$/m,
  );
  assert.match(
    out,
    /^-- left out: url\.path: the regular expression cannot be written in SQL at character 2: ClickHouse does not support look-around\n-- not convertible$/m,
  );
  assert.match(out, /^-- Many echoes \(high, [-0-9]+\)\nSELECT found\.grp AS grp/m);
  assert.equal(telltale('convert', folder, '--rule', 'none').status, 2);
});

test('rules test --backtest: what rules and correlations would have found in stored flows is what the stream finds', (context) => {
  const builder = new CaptureBuilder();
  for (let i = 0; i < 4; i += 1)
    builder
      .udp({
        client: { ip: i === 3 ? '10.0.0.6' : '10.0.0.5', port: 40_000 + i },
        server: { ip: '192.0.2.7', port: 7 },
        at: 1_760_000_000_000_000 + i * 1_000_000,
      })
      .send(Buffer.from('echo'));
  const folder = folderWith(context, { 'rules/echo.yml': counted });
  const [capture, data, own] = ['c.pcap', 'data', 'rules'].map((name) => path.join(folder, name)) as [string, string, string];
  writeFileSync(capture, builder.pcap());
  const scanned = spawnSync(process.execPath, [main, 'scan', capture, '--rules', own, '--data', data, '--format', 'ndjson'], { encoding: 'utf8' });
  const findings = scanned.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const message = 'Many echoes: 3 events (3 of "Echo") by 10.0.0.5, to 192.0.2.7, from 2025-10-09T08:53:20Z to 2025-10-09T08:53:22Z.';
  assert.deepEqual(
    findings.map((finding) => [finding['rule.name'], finding['source.ip'], finding['message']]),
    [['Many echoes', '10.0.0.5', message]],
    scanned.stderr,
  );

  const { status, out, err } = telltale('test', own, '--backtest', '2025-10-09', '2025-10-10T00:00:00Z', '--data', data);
  assert.equal(status, 0, err);
  assert.match(
    out,
    /^8 records of 4 flows are stored of this time, from 2025-10-09 08:53:20 to 2025-10-09 08:53:2\d UTC\.\n\nEcho [^]*\n  8 records of 4 flows and 2 subjects match\n    HOUR \(UTC\) +RECORDS\n    2025-10-09 08:00  8\n    SUBJECT +RECORDS\n    10\.0\.0\.5  6\n    10\.0\.0\.6  2\n/,
  );
  assert.ok(out.includes(`1 window found, of 1 group\n  ${message}`), out);
  assert.equal(telltale('test', own, '--backtest', '2025-10-10', '2025-10-11', '--data', data).out, 'No flows of this time are stored.\n\n');
  const shipped = telltale('test', '--backtest', '2025-10-09', '2025-10-10', '--data', data);
  assert.deepEqual([shipped.status, shipped.err], [0, ''], 'ClickHouse runs the SQL of every rule that ships');
  assert.equal(telltale('test', own, '--backtest', '2025-10-10').status, 2);
  assert.equal(telltale('test', own, '--backtest', 'yesterday', '2025-10-11').status, 2);
  assert.match(telltale('test', own, '--backtest', '2025-02-30', '2025-10-11').err, /2025-02-30: expected a day/);
  assert.match(telltale('test', own, '--backtest', '2025-10-09', '2025-10-10', '--clickhouse', 'here').err, /--clickhouse: expected a URL such as /);
  const nowhere = telltale('test', own, '--backtest', '2025-10-09', '2025-10-10', '--data', path.join(folder, 'nowhere'));
  assert.deepEqual([nowhere.status, nowhere.out], [2, '']);
  assert.match(nowhere.err, /nowhere: nothing is stored there\. Name the data folder/);
  assert.ok(!existsSync(path.join(folder, 'nowhere')), 'asking makes no folder');
});
