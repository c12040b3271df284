import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord, type Observable } from '#flow';
import { formatProblem } from '#geo';
import { compileRules } from './compile.ts';
import { parseRules } from './parse.ts';

const head = ['title: T', 'id: 11111111-2222-4333-8444-555555555555', 'logsource: { product: telltale }', 'level: low'].join('\n');

function ruleText(detection: string): string {
  return `${head}\ndetection:\n${detection.replace(/^/gm, '  ')}`;
}

/** Whether a rule with this detection matches the record; fails when it has a problem. */
function matches(detection: string, fields: Partial<FlowRecord>): boolean {
  const { rules, problems } = parseRules([{ name: 't.yml', text: ruleText(detection) }]);
  assert.deepEqual(problems.map(formatProblem), []);
  let matched = false;
  compileRules(rules).evaluate(Object.assign(createFlowRecord(), fields), () => { matched = true; });
  return matched;
}

function selects(search: string, fields: Partial<FlowRecord>): boolean {
  return matches(`selection:\n${search.replace(/^/gm, '  ')}\ncondition: selection`, fields);
}

function problemsOf(detection: string): string[] {
  return parseRules([{ name: 't.yml', text: ruleText(detection) }]).problems.map(formatProblem);
}

const observable = (fields: Partial<Observable>): Observable =>
  ({
    kind: '', path: '', encoding: '', visibility: 'cleartext', confidence: 90, mask: '', token: '', sender: 'source', frame: 1,
    watchlist: '', ...fields,
  });

/** Search, then fields that it selects, then fields that it does not. */
const cases: [name: string, search: string, selected: Partial<FlowRecord>[], left: Partial<FlowRecord>[]][] = [
  [
    'text in any case', 'destination.domain: Zoom.US', [{ 'destination.domain': 'zoom.us' }, { 'destination.domain': 'ZOOM.us' }],
    [{ 'destination.domain': 'a.zoom.us' }, {}],
  ],
  [
    'a list is "or"', 'network.protocol: [http, dns]', [{ 'network.protocol': 'http' }, { 'network.protocol': 'dns' }],
    [{ 'network.protocol': 'tls' }],
  ],
  [
    'a map is "and"', 'network.protocol: http\nhttp.request.method: POST', [{ 'network.protocol': 'http', 'http.request.method': 'POST' }],
    [{ 'network.protocol': 'http' }],
  ],
  ['a list of maps is "or"', '- network.protocol: dns\n- destination.port: 53', [{ 'network.protocol': 'dns' }, { 'destination.port': 53 }], [{}]],
  ['wildcards', "url.path: '/a?c/*.php'", [{ 'url.path': '/abc/x/Y.php' }], [{ 'url.path': '/ac/x.php' }, { 'url.path': '/abc/x.php5' }]],
  ['escaped wildcards', String.raw`url.path: '/a\*'`, [{ 'url.path': '/a*' }], [{ 'url.path': '/ab' }]],
  ['contains', 'url.path|contains: admin', [{ 'url.path': '/x/ADMIN/y' }], [{ 'url.path': '/x' }]],
  ['startswith', 'url.path|startswith: /api', [{ 'url.path': '/API/1' }], [{ 'url.path': '/x/api' }]],
  ['endswith', 'destination.domain|endswith: .zoom.us', [{ 'destination.domain': 'log.zoom.us' }], [{ 'destination.domain': 'zoom.us' }]],
  ['contains|all', 'url.query|contains|all: [uid=, room=]', [{ 'url.query': 'room=1&UID=2' }], [{ 'url.query': 'uid=2' }]],
  ['cased', 'http.request.method|cased: POST', [{ 'http.request.method': 'POST' }], [{ 'http.request.method': 'post' }]],
  ['contains|cased', 'url.path|contains|cased: Ab', [{ 'url.path': '/xAby' }], [{ 'url.path': '/xaby' }]],
  ['re', "url.path|re: '^/v\\d+/'", [{ 'url.path': '/v12/x' }], [{ 'url.path': '/vx/' }, { 'url.path': '/V1/' }]],
  ['re|i', "url.path|re|i: '^/v\\d+/'", [{ 'url.path': '/V12/x' }], [{ 'url.path': '/vx/' }]],
  [
    'cidr',
    'destination.ip|cidr: [10.0.0.0/8, 2001:db8::/32]',
    [{ 'destination.ip': '10.9.9.9' }, { 'destination.ip': '2001:db8::1' }],
    [{ 'destination.ip': '11.0.0.1' }, {}, { 'destination.ip': '2001:db9::1' }],
  ],
  ['exists: true', 'destination.domain|exists: true', [{ 'destination.domain': 'x' }], [{}]],
  ['exists: false', 'destination.domain|exists: false', [{}], [{ 'destination.domain': 'x' }]],
  ['null', 'destination.domain: null', [{}], [{ 'destination.domain': 'x' }]],
  ['null in a list', 'destination.domain: [null, x]', [{}, { 'destination.domain': 'x' }], [{ 'destination.domain': 'y' }]],
  ['empty text', "destination.domain: ''", [{}], [{ 'destination.domain': 'x' }]],
  ['a number', 'destination.port: 443', [{ 'destination.port': 443 }], [{ 'destination.port': 80 }]],
  ['a number in quotes', "destination.port: ['443', 80]", [{ 'destination.port': 443 }, { 'destination.port': 80 }], [{ 'destination.port': 8 }]],
  ['a number by wildcard', "destination.port: '88*'", [{ 'destination.port': 8801 }, { 'destination.port': 88 }], [{ 'destination.port': 808 }]],
  ['a number in a text field keeps its spelling', 'url.query: 1.10', [{ 'url.query': '1.10' }], [{ 'url.query': '1.1' }]],
  [
    'lt, gte',
    'destination.port|gte: 8801\nsource.port|lt: 1024',
    [{ 'destination.port': 8801, 'source.port': 53 }],
    [{ 'destination.port': 8800 }, { 'destination.port': 8801, 'source.port': 1024 }],
  ],
  [
    'gt, lte',
    'destination.port|gt: 1\nsource.port|lte: 5',
    [{ 'destination.port': 2, 'source.port': 5 }],
    [{ 'destination.port': 1, 'source.port': 5 }],
  ],
  ['neq', 'network.protocol|neq: [http, tls]', [{ 'network.protocol': 'dns' }, {}], [{ 'network.protocol': 'http' }, { 'network.protocol': 'tls' }]],
  [
    'fieldref',
    'url.domain|fieldref: destination.domain',
    [{ 'url.domain': 'A.example', 'destination.domain': 'a.example' }],
    [{ 'url.domain': 'a', 'destination.domain': 'b' }, {}],
  ],
  [
    'fieldref|endswith',
    'destination.domain|fieldref|endswith: url.domain',
    [{ 'url.domain': 'b.c', 'destination.domain': 'a.b.c' }],
    [{ 'url.domain': 'x', 'destination.domain': 'y' }],
  ],
  ['base64', 'url.query|base64: foobar', [{ 'url.query': 'Zm9vYmFy' }], [{ 'url.query': 'zm9vymfy' }]],
  [
    'base64offset|contains', 'url.query|base64offset|contains: secret',
    ['', 'x', 'xy'].map((before) => ({ 'url.query': `q=${Buffer.from(`${before}secret!`).toString('base64')}` })),
    [{ 'url.query': 'q=secret' }],
  ],
  [
    'wide|base64offset|contains', 'url.query|wide|base64offset|contains: http://',
    ['', 'x', 'xy'].map((before) => ({
      'url.query': Buffer.concat([Buffer.from(before), Buffer.from('http://a', 'utf16le')]).toString('base64'),
    })),
    [{ 'url.query': Buffer.from('http://a').toString('base64') }],
  ],
  [
    'windash|contains', "user_agent.original|windash|contains: ' -urlcache'",
    [{ 'user_agent.original': 'x /urlcache y' }, { 'user_agent.original': 'x –URLCACHE y' }, { 'user_agent.original': 'x -urlcache y' }],
    [{ 'user_agent.original': 'x urlcache' }],
  ],
  [
    'windash varies each dash', "user_agent.original|windash|contains: ' -a -b'",
    [{ 'user_agent.original': 'x /a -b' }, { 'user_agent.original': 'x —a ―B' }], [{ 'user_agent.original': 'x a b' }],
  ],
  ['windash with wildcards', "user_agent.original|windash: '* -a *'", [{ 'user_agent.original': 'x /a y' }], [{ 'user_agent.original': 'x /b y' }]],
  ['wide', "url.query|wide: ab", [{ 'url.query': 'a\0b\0' }], [{ 'url.query': 'ab' }]],
  ['utf16be', "url.query|utf16be: ab", [{ 'url.query': '\0a\0b' }], [{ 'url.query': 'a\0b\0' }]],
  [
    'utf16|base64', 'url.query|utf16|base64: cmd',
    [{ 'url.query': Buffer.from([0xff, 0xfe, 0x63, 0, 0x6d, 0, 0x64, 0]).toString('base64') }], [{ 'url.query': 'Y21k' }],
  ],
  [
    'time parts are in UTC', "'@timestamp|hour|gte': 22", [{ '@timestamp': Date.UTC(2026, 0, 1, 22) * 1000 }],
    [{ '@timestamp': Date.UTC(2026, 0, 1, 21, 59) * 1000 }, {}],
  ],
  [
    'minute, day, month, year', "'@timestamp|minute': 5\n'@timestamp|day': [1, 2]\n'@timestamp|month': 3\n'event.start|year': 2024",
    [{ '@timestamp': Date.UTC(2026, 2, 2, 0, 5) * 1000, 'event.start': Date.UTC(2024, 11, 31) * 1000 }],
    [{ '@timestamp': Date.UTC(2026, 2, 3, 0, 5) * 1000, 'event.start': Date.UTC(2024, 11, 31) * 1000 }],
  ],
  [
    'week is that of ISO 8601', "'@timestamp|week': 53", [{ '@timestamp': Date.UTC(2027, 0, 3) * 1000 }],
    [{ '@timestamp': Date.UTC(2027, 0, 4) * 1000 }],
  ],
  ['neq with another modifier', 'url.path|startswith|neq: /a', [{ 'url.path': '/b' }], [{ 'url.path': '/a/b' }]],
  [
    'neq with fieldref', 'source.ip|fieldref|neq: destination.ip', [{ 'source.ip': 'a', 'destination.ip': 'b' }],
    [{ 'source.ip': 'a', 'destination.ip': 'a' }],
  ],
  [
    'a URL is known by its path and query, and as a whole', "url.original|startswith: ['/x?y', 'http://h.example/q']",
    [{ 'url.path': '/x', 'url.query': 'y=1' }, { 'url.domain': 'h.example', 'url.path': '/q' }], [{ 'url.path': '/y' }, {}],
  ],
  ['the extension of a path', 'url.extension: exe', [{ 'url.path': '/a.b/c.EXE' }], [{ 'url.path': '/a.exe/c' }, {}]],
  [
    'a backslash in front of a wildcard',
    String.raw`url.path: '\\\*\IPC$'`,
    [{ 'url.path': String.raw`\*\IPC$` }],
    [{ 'url.path': String.raw`\x\IPC$` }],
  ],
  ['keywords', '- exfil\n- drop*box', [{ 'url.path': '/EXFIL' }, { 'destination.domain': 'dropmybox.example' }], [{ 'url.path': '/x' }]],
  ['keywords with all', "'|all': [exfil, post]", [{ 'url.path': '/exfil', 'http.request.method': 'POST' }], [{ 'url.path': '/exfil' }]],
  ['a keyword as plain text', 'exfil', [{ 'url.path': '/exfil' }], [{}]],
  [
    'a field with several values',
    'dns.resolved_ip|cidr: 10.0.0.0/8',
    [{ 'dns.resolved_ip': ['192.0.2.1', '10.1.1.1'] }],
    [{ 'dns.resolved_ip': ['192.0.2.1'] }, {}],
  ],
  [
    'all over several values',
    'telltale.flow.observable_kinds|all: [user_id, room_id]',
    [{ 'telltale.flow.observable_kinds': ['room_id', 'email', 'user_id'] }],
    [{ 'telltale.flow.observable_kinds': ['user_id', 'email'] }],
  ],
  ['whether there are observables', 'telltale.observables|exists: true', [{ 'telltale.observables': [observable({})] }], [{}]],
];

for (const [name, search, selected, left] of cases) {
  test(`search: ${name}`, () => {
    for (const fields of selected) assert.ok(selects(search, fields), `must select ${JSON.stringify(fields)}`);
    for (const fields of left) assert.ok(!selects(search, fields), `must not select ${JSON.stringify(fields)}`);
  });
}

test('conditions: quantifiers over search names', () => {
  const searches = ['sel_a: { network.protocol: http }', 'sel_b: { destination.port: 80 }', '_helper: { network.transport: udp }'].join('\n');
  const http = { 'network.protocol': 'http' };
  const both = { ...http, 'destination.port': 80 };
  assert.ok(matches(`${searches}\ncondition: 1 of sel_* and not _helper`, http));
  assert.ok(!matches(`${searches}\ncondition: all of sel_* and not _helper`, http));
  assert.ok(matches(`${searches}\ncondition: all of sel_* and not _helper`, both));
  assert.ok(matches(`${searches}\ncondition: all of them or (_helper and sel_a)`, both));
  assert.ok(matches(`${searches}\ncondition: [all of sel_*, _helper]`, { 'network.transport': 'udp' }));
});

test('a rule about observables is asked about each on its own, and reports those that match', () => {
  const detection =
    'id: { telltale.observable.kind: [user_id, email] }\nquery: { telltale.observable.path|startswith: url.query }\n'
      + 'weak: { telltale.observable.confidence|lt: 50 }\ncondition: id and query and not weak';
  const plan = compileRules(parseRules([{ name: 't.yml', text: ruleText(detection) }]).rules);
  const matched = (...observables: Observable[]): string[] => {
    const found: string[] = [];
    plan.evaluate(Object.assign(createFlowRecord(), { 'telltale.observables': observables }), (_, those) =>
      found.push(...those.map(({ path }) => path)),
    );
    return found;
  };
  assert.deepEqual(matched(
    observable({ kind: 'user_id', path: 'url.query.a' }),
    observable({ kind: 'user_id', path: 'http.request.header.x' }),
    observable({ kind: 'imei', path: 'url.query.b' }),
    observable({ kind: 'email', path: 'url.query.c', confidence: 10 }),
    observable({ kind: 'EMAIL', path: 'url.query.d' }),
  ), ['url.query.a', 'url.query.d']);
  assert.deepEqual(matched(observable({ kind: 'imei', path: 'url.query.a' }), observable({ kind: 'email', path: 'x' })), []);
  assert.deepEqual(matched(), []);
});

test('faults are located', () => {
  const select = (line: string): string[] => problemsOf(`selection:\n  ${line}\ncondition: selection`);
  assert.deepEqual(select('source.prt: 1'), ['t.yml:7:5: error: the field "source.prt" is unknown (did you mean "source.port"?) [unknown-field]']);
  assert.deepEqual(select('telltale.observable.value: 1'), [
    't.yml:7:5: error: the field "telltale.observable.value" is unknown (did you mean "telltale.observable.path"?) [unknown-field]',
  ]);
  assert.deepEqual(select('url.path|fuzzy: x'), ['t.yml:7:5: error: the modifier "|fuzzy" is unknown [modifier]']);
  assert.deepEqual(select("url.path|expand: '%Servers%'"), [
    't.yml:7:5: warning: it cannot be evaluated here: the placeholder %Servers% has no values [not-evaluable]',
  ]);
  assert.deepEqual(select('url.path|hour: 3'), ['t.yml:7:5: error: |hour needs a field that holds a time [modifier]']);
  assert.deepEqual(select("'@timestamp|hour': noon"), ["t.yml:7:24: error: the value of |hour must be a number [value]"]);
  assert.deepEqual(select('url.path|contains|all: x'), ['t.yml:7:5: warning: |all has no effect on a single value [modifier]']);
  assert.deepEqual(select('url.path|contains|endswith: x'), ['t.yml:7:5: error: |contains and |endswith exclude each other [modifier]']);
  assert.deepEqual(select('url.path|i: x'), ['t.yml:7:5: error: |i is allowed only after |re [modifier]']);
  assert.deepEqual(select("url.path|re: ['a', 'b(a+)+(?>c)', 'c[']"), [
    't.yml:7:26: error: the regular expression cannot be used, at character 2: with this repetition the time can grow exponentially with '
      + 'the length of the value, and no engine that needs only linear time supports atomic groups [regex]',
    't.yml:7:41: error: the regular expression cannot be used, at character 2: the class is not closed [regex]',
  ]);
  assert.deepEqual(select('url.path|re: a\\p{L}'), [
    't.yml:7:19: error: the regular expression cannot be used, at character 2: a Unicode property (\\p) is not supported here [regex]',
  ]);
  assert.deepEqual(select('source.ip|cidr: 10.0.0.0/99'), [
    't.yml:7:21: error: "10.0.0.0/99" is not an address block; expected one such as 10.0.0.0/8 [value]',
  ]);
  assert.deepEqual(select('source.port|lt: many'), ['t.yml:7:21: error: the value of |lt must be a number [value]']);
  assert.deepEqual(select('source.ip|exists: maybe'), ['t.yml:7:23: error: the value of |exists must be true or false [value]']);
  assert.deepEqual(select('url.path|base64: a*'), ['t.yml:7:22: error: |base64 cannot be applied to wildcards [value]']);
  assert.deepEqual(select('url.path: []'), ['t.yml:7:5: warning: an empty list asks for an absent field, as null does [value]']);
  assert.deepEqual(select('url.path: { a: b }'), [
    't.yml:7:15: error: a value must be text, a number, true, false or null, or a list of these [value]',
  ]);
  assert.deepEqual(select('telltale.observables: x'), [
    't.yml:7:5: error: "telltale.observables" is a list of observables, to which only |exists applies; use telltale.observable.* for their '
      + 'members [modifier]',
  ]);
  assert.deepEqual(problemsOf('a: { url.path: x }\ncondition: a or c'), ['t.yml:7:19: error: no search is named "c" [unknown-search]']);
  assert.deepEqual(problemsOf('a: { url.path: x }\nb: { url.path: x }\ncondition: a'), [
    't.yml:7:3: warning: the condition does not use the search "b" [unused-search]',
  ]);
  assert.deepEqual(problemsOf('a: { url.path: x }\ncondition: "a and and"'), [
    't.yml:7:21: error: "and" is out of place: expected a search name, "not" or "(" [condition]',
  ]);
  assert.deepEqual(problemsOf('a: [x, *b]\ncondition: a').length, 1);
});

test('faults of a document: each is told, other documents of the file are not touched', () => {
  const text = `${ruleText('a: { url.path: x }\ncondition: a')}\n---\ntitle: 5\nid: no\nlogsource:\nlevel: loud\n`
    + 'telltale: { finding: often, colour: red }\n---\ncorrelation: {}\n---\n- 1\n---\nname: not of Sigma\n';
  const { rules, problems } = parseRules([{ name: 't.yml', text }]);
  assert.deepEqual(rules.map(({ id, line }) => [id, line]), [['11111111-2222-4333-8444-555555555555', 1]]);
  assert.deepEqual(problems.filter(({ severity }) => severity === 'error').map(({ line, code }) => [line, code]), [
    [11, 'logsource'], [9, 'detection'], [12, 'level'], [13, 'telltale'], [13, 'telltale'],
    [15, 'title'], [15, 'correlation'], [15, 'correlation'], [15, 'condition'], [15, 'timespan'], [17, 'document'], [19, 'document'],
  ]);
});

test('placeholders: each value that is configured, and a percent sign that is none', () => {
  const text = ruleText("a: { destination.domain|expand: ['%Servers%.example', '100\\%'] }\ncondition: a");
  const { rules, problems } = parseRules([{ name: 't.yml', text }], { placeholders: new Map([['Servers', ['web*', 'db']]]) });
  assert.deepEqual(problems.map(formatProblem), []);
  const found = ['web7.example', 'db.example', 'mail.example', '100%', '%Servers%.example'].filter((domain) => {
    let matched = false;
    compileRules(rules).evaluate(Object.assign(createFlowRecord(), { 'destination.domain': domain }), () => { matched = true; });
    return matched;
  });
  assert.deepEqual(found, ['web7.example', 'db.example', '100%']);
});

test('YAML anchors are read', () => {
  assert.ok(matches('a: &one { url.path: /x }\nb: *one\ncondition: a and b', { 'url.path': '/x' }));
  assert.equal(problemsOf('a: *none\ncondition: a').length, 1);
});

test('a rule without an id gets one from its text', () => {
  const [rule] = parseRules([{ name: 't.yml', text: ruleText('a: { url.path: x }\ncondition: a').replace(/^id.*\n/m, '') }]).rules;
  assert.match(rule!.id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('aggregations of Sigma 1 are read, and not evaluated', () => {
  for (const aggregation of ['count() > 5', 'count(url.path) by source.ip, destination.ip >= 10', 'near b', 'sum(source.bytes) by source.ip > 100']) {
    const { rules, problems } = parseRules([
      { name: 't.yml', text: ruleText(`a: { url.path: x }\nb: { url.path: y }\ntimeframe: 5m\ncondition: a and not b | ${aggregation}`) },
    ]);
    assert.deepEqual(
      problems.map(({ severity, code }) => [severity, code]),
      [['warning', 'not-evaluable']],
      aggregation,
    );
    assert.equal(rules[0]!.evaluable, 'no');
    assert.equal(compileRules(rules).rules.length, 0);
  }
  assert.match(problemsOf('a: { url.path: x }\ncondition: a | frob() > 5')[0]!, /^t.yml:7:17: error: expected an aggregation/);
});

test('broken YAML, an empty file and a repeated id are problems, not exceptions', () => {
  const good = ruleText('a: { url.path: x }\ncondition: a');
  const { rules, problems } = parseRules([
    { name: 'a.yml', text: good },
    { name: 'b.yml', text: good },
    { name: 'c.yml', text: 'title: [' },
    { name: 'd.yml', text: '' },
  ]);
  assert.equal(rules.length, 1);
  assert.deepEqual(problems.map(({ file, code }) => [file, code]), [['b.yml', 'duplicate'], ['c.yml', 'yaml']]);
});
