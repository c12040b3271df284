import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord } from '#flow';
import { formatProblem, LocatedError } from '#geo';
import { compileRules } from './compile.ts';
import { LogSources } from './log-sources.ts';
import { parseRules, type ParsedRules } from './parse.ts';

const logSources = LogSources.parse(readFileSync(new URL('../../../libs/rules/log-sources.yaml', import.meta.url), 'utf8'));

function parse(logsource: string, detection: string): ParsedRules {
  const text = `title: T\nid: 11111111-2222-4333-8444-555555555555\nlevel: low\nlogsource: { ${logsource} }\ndetection:\n`
    + `${detection.replace(/^/gm, '  ')}`;
  return parseRules([{ name: 't.yml', text }], { logSources });
}

function matches(parsed: ParsedRules, fields: Partial<FlowRecord>): boolean {
  let matched = false;
  compileRules(parsed.rules).evaluate(Object.assign(createFlowRecord(), fields), () => { matched = true; });
  return matched;
}

const select = (logsource: string, search: string): ParsedRules => parse(logsource, `s: { ${search} }\ncondition: s`);

const http = { 'network.protocol': 'http' };
const cases: [logsource: string, search: string, match: Partial<FlowRecord>, other: Partial<FlowRecord>][] = [
  [
    'category: proxy',
    "c-uri|contains: '/a?b='",
    { ...http, 'url.path': '/x/a', 'url.query': 'b=1' },
    { ...http, 'url.path': '/a', 'url.query': 'c=1' },
  ],
  [
    'category: proxy',
    "c-uri|startswith: 'http://h.example/x'",
    { ...http, 'url.domain': 'h.example', 'url.path': '/x' },
    { ...http, 'url.domain': 'i.example', 'url.path': '/x' },
  ],
  ['category: proxy', 'cs-host: H.example', { ...http, 'url.domain': 'h.example' }, { ...http, 'url.domain': 'x' }],
  ['category: proxy', "r-dns|endswith: '.example'", { ...http, 'destination.domain': 'h.example' }, { ...http, 'destination.domain': 'example' }],
  [
    'category: proxy',
    'c-uri-extension: exe, cs-method: GET',
    { 'url.path': '/a.exe', 'http.request.method': 'GET' },
    { 'url.path': '/a.exe', 'http.request.method': 'PUT' },
  ],
  ['category: proxy', 'c-useragent: null', http, { 'network.protocol': 'tls' }],
  [
    'category: webserver',
    'cs-uri-query|contains: /mgmt/, sc-status: 404',
    { 'url.path': '/mgmt/', 'http.response.status_code': 404 },
    { 'url.path': '/mgmt/', 'http.response.status_code': 200 },
  ],
  [
    'category: dns',
    'query: a.example, record_type: TXT',
    { 'dns.question.name': 'a.example', 'dns.question.type': 'TXT' },
    { 'dns.question.name': 'a.example', 'dns.question.type': 'A' },
  ],
  ['category: dns_query, product: windows', "QueryName|endswith: '.onion'", { 'dns.question.name': 'x.onion' }, { 'dns.question.name': 'onion.x' }],
  [
    'category: dns', "qtype_name: 'NULL'", { 'dns.question.name': 'a.example', 'dns.question.type': 'NULL' },
    { 'dns.question.name': 'a.example', 'dns.question.type': 'A' },
  ],
  [
    'category: dns', 'QueryName: a.example, record_type|exists: yes', { 'dns.question.name': 'a.example', 'dns.question.type': 'A' },
    { 'dns.question.name': 'a.example' },
  ],
  [
    'category: firewall', 'dst_port: 69, proto: udp', { 'network.transport': 'udp', 'destination.port': 69 },
    { 'network.transport': 'tcp', 'destination.port': 69 },
  ],
  [
    'category: firewall', "dst_port: 23, action: [forward, accept], blocked: 'false'",
    { 'network.transport': 'tcp', 'destination.port': 23 }, { 'network.transport': 'tcp', 'destination.port': 24 },
  ],
  [
    'category: network_connection, product: linux', "Initiated: 'true', DestinationPort: 22",
    { 'telltale.subject.ip': 'a', 'source.ip': 'a', 'destination.port': 22 },
    { 'telltale.subject.ip': 'b', 'source.ip': 'a', 'destination.ip': 'b', 'destination.port': 22 },
  ],
  [
    'category: network_connection', 'Initiated: false, DestinationIsIpv6: True',
    { 'telltale.subject.ip': 'b', 'destination.ip': 'b', 'network.type': 'ipv6' },
    { 'telltale.subject.ip': 'b', 'destination.ip': 'b', 'network.type': 'ipv4' },
  ],
  [
    'category: network_connection', 'DestinationIp|cidr: 10.0.0.0/8, DestinationHostname|contains: x',
    { 'destination.ip': '10.1.1.1', 'destination.domain': 'x' }, { 'destination.ip': '11.1.1.1', 'destination.domain': 'x' },
  ],
  [
    'product: zeek, service: dns', 'query: a, qtype_name: ns, answers: 10.0.0.1',
    { 'dns.question.name': 'a', 'dns.question.type': 'NS', 'dns.resolved_ip': ['10.0.0.2', '10.0.0.1'] },
    { 'dns.question.name': 'a', 'dns.question.type': 'NS' },
  ],
  [
    'product: zeek, service: http', 'method: PUT, id.resp_h: 10.0.0.1, uri: /x',
    { 'http.request.method': 'PUT', 'destination.ip': '10.0.0.1', 'url.path': '/x' },
    { 'http.request.method': 'PUT', 'destination.ip': '10.0.0.1', 'url.path': '/x', 'url.query': 'y' },
  ],
  ['product: zeek, service: ssl', 'server_name: a', { 'tls.client.server_name': 'a' }, { 'destination.domain': 'a' }],
  [
    'product: zeek, service: conn',
    'id.resp_p: 7, proto: udp',
    { 'destination.port': 7, 'network.transport': 'udp' },
    { 'destination.port': 7, 'network.transport': 'tcp' },
  ],
  ['category: network, service: connection', 'destination.port: 7', { 'destination.port': 7 }, { 'destination.port': 8 }],
];
for (const [logsource, search, match, other] of cases) {
  test(`log source ${logsource}: ${search}`, () => {
    const parsed = select(logsource, search);
    assert.deepEqual(parsed.problems.map(formatProblem), []);
    assert.ok(matches(parsed, match));
    assert.ok(!matches(parsed, other));
  });
}

test('what records lack is told at its place; what can run without it does', () => {
  const only = select('category: process_creation, product: windows', "Image|endswith: '\\cmd.exe', CommandLine|contains|windash: ' -c '");
  assert.deepEqual(only.problems.map(formatProblem), [
    't.yml:6:8: warning: it cannot be evaluated here: the field "Image" has no mapping [not-evaluable]',
    't.yml:6:36: warning: it cannot be evaluated here: the field "CommandLine" has no mapping [not-evaluable]',
    't.yml:4:12: warning: it cannot be evaluated here: the log source windows/process_creation has no mapping [not-evaluable]',
  ]);
  assert.equal(only.rules[0]!.evaluable, 'no');

  const alternative = parse('category: proxy', 's:\n  - cs-cookie: x\n  - cs-method: PUT\nt: { cs-method: DELETE }\ncondition: 1 of them');
  assert.equal(alternative.rules[0]!.evaluable, 'part');
  assert.ok(matches(alternative, { 'http.request.method': 'PUT' }) && matches(alternative, { 'http.request.method': 'DELETE' }));
  const excluded = parse('category: proxy', 's: { cs-method: PUT }\nf: { cs-cookie: x }\ncondition: s and not f');
  assert.equal(excluded.rules[0]!.evaluable, 'no');
  const both = parse('category: proxy', 's: { cs-method: PUT }\nf: { cs-cookie: x, c-useragent: y }\ncondition: s and not f');
  assert.equal(both.rules[0]!.evaluable, 'part');
  assert.ok(matches(both, { 'http.request.method': 'PUT' }));
  assert.ok(!matches(both, { 'http.request.method': 'PUT', 'user_agent.original': 'y' }));
});

test('faults of a field that records lack are still faults', () => {
  assert.match(formatProblem(select('category: proxy', 'cs-cookie|fuzzy: x').problems[0]!), /the modifier "\|fuzzy" is unknown/);
  assert.match(formatProblem(select('category: proxy', "cs-cookie|re: 'a('").problems[0]!), /regular expression/);
  // A pattern that is never run may be slow.
  assert.match(formatProblem(select('category: proxy', "cs-cookie|re: '(a+)+'").problems[0]!), /warning: it cannot be evaluated here/);
});

test('a value without a mapping is told', () => {
  assert.match(formatProblem(select('category: firewall', 'action: drop').problems[0]!), /the value "drop" of the field "action" has no mapping/);
});

test('a mapping to a field that records lack is an error', () => {
  const text = 'log_sources:\n  - logsource: { category: x }\n    source: https://example.org/\n    fields: { a: url.pth }\n';
  assert.throws(
    () => LogSources.parse(text, 'm.yaml'),
    (error) => error instanceof LocatedError && error.message === 'm.yaml:4:18: error: records have no field "url.pth" [unknown-field]',
  );
});

/** Ways in which public rules of other log sources are written. */
const shapes = [
  "s:\n  Image|endswith:\n    - '\\cmd.exe'\n    - '\\pwsh.exe'\n  CommandLine|contains|all:\n    - ' /c '\n    - 'echo'\n"
    + "filter_main: { ParentImage: 'C:\\Program Files (x86)\\a?b*\\x.exe' }\nfilter_null: { CommandLine: null }\n"
    + "filter_empty: { CommandLine: '' }\ncondition: s and not 1 of filter_*",
  "s:\n  EventID: 4624\n  LogonType: [3, 10]\n  Level: 0x17\n  Empty:\ncondition: s",
  "s:\n  - Image: a\n  - Description|contains: b\n    Product: c\n  - keyword\n  - 42\ncondition: s",
  "keywords:\n  '|all':\n    - 'Remove-'\n    - ' -Id '\nother: [a, 5, 'b*']\ncondition: keywords or other",
  "s:\n  CommandLine|re:\n    - '(?i).*(set).*&&\\s?set.*(environment|invoke|\\${?input).*&&.*\"'\n    - 'cmd.{0,5}(?:/c|/r).+clipboard]::\\(\\s\\\\\"\\{\\d\\}.+-f.+\"'\n    - '.{1000,}'\n    - '(?:\\s-[^-\\s]{0,20}i|\\s--inode\\s)'\n    - '\\s-e(nc?(o(d(e)?)?)?)?\\s'\ncondition: s",
  "s:\n  CommandLine|wide|base64offset|contains: ['http', 'IEX ']\n  CommandLine|windash|contains|all: [' -a', ' -b -c']\n"
    + "  User|expand: '%Administrators%'\n  Hashes|contains: ['IMPHASH=BCCA', 'MD5=0']\n  Field|exists: false\n  A|fieldref: B\n"
    + "  A|fieldref|neq: B\n  T|hour|gt: 20\ncondition: s",
  "selection-1: { a.b.c: x }\nselection_2.0: { 'Field Name': y }\ncondition:\n  - selection-1\n  - 1 of selection_* or (all of them)",
  "s: { properties.message|contains: ['A', 'B'], securityMarks.marks.x: true, count|gte: 1.5 }\ncondition: s",
  "s: { EventID: 4625 }\ntimeframe: 24h\ncondition: s | count(TargetUserName) by Workstation, src > 10",
  "s: { a: 1 }\nt: { b: 2 }\ntimeframe: 30s\ncondition: s | near t",
  "s: plain text\ncondition: not s",
];
test('rules of log sources that are unknown here are read without an error, whatever they use', () => {
  for (const logsource of [
    'product: windows, category: process_creation',
    'product: linux, service: auditd',
    'product: aws, service: cloudtrail',
    'product: windows, service: security, definition: x',
    'category: antivirus',
  ]) {
    for (const detection of shapes) {
      const { rules, problems } = parse(logsource, detection);
      assert.deepEqual(problems.filter(({ severity }) => severity === 'error').map(formatProblem), [], detection);
      assert.deepEqual(rules.map(({ evaluable }) => evaluable), ['no'], detection);
    }
  }
});
