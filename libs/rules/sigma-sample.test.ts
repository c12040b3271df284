import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createFlowRecord, type FlowRecord } from '#flow';
import { compileRules } from './compile.ts';
import { LogSources } from './log-sources.ts';
import { parseRules } from './parse.ts';
import type { Rule } from './rule.ts';

const shared = process.env['TELLTALE_SHARED'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const folder = join(shared, 'sigma-sample/rules');
const skip = existsSync(folder) ? false : `SKIPPED: no public Sigma rules at ${folder}; set TELLTALE_SHARED`;
const files = skip ? [] : globSync('**/*.yml', { cwd: folder }).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
const logSources = LogSources.parse(readFileSync(new URL('../../../libs/rules/log-sources.yaml', import.meta.url), 'utf8'));
const { rules, problems } = parseRules(files, { logSources });

const matches = (rule: Rule, fields: Partial<FlowRecord>): boolean => {
  let matched = false;
  compileRules([rule]).evaluate(Object.assign(createFlowRecord(), fields), () => { matched = true; });
  return matched;
};

test('public Sigma rules: all of them are read', { skip }, () => {
  assert.deepEqual(problems.filter(({ severity }) => severity === 'error'), []);
  assert.equal(rules.length, files.length);
});

test('public Sigma rules: those that records cannot answer are told, with the field or log source that is missing', { skip }, (context) => {
  const tally = { whole: 0, part: 0, no: 0 };
  for (const { file, evaluable, gaps } of rules) {
    tally[evaluable] += 1;
    const told = problems.filter((problem) => problem.file === file && problem.code === 'not-evaluable');
    assert.equal(evaluable === 'whole', told.length === 0, file);
    assert.equal(evaluable === 'whole', gaps.length === 0, file);
  }
  context.diagnostic(JSON.stringify(tally));
  const elsewhere = rules.filter(({ logsource }) => ['cisco', 'fortigate', 'huawei'].includes(logsource.product));
  assert.ok(elsewhere.length > 0 && elsewhere.every(({ evaluable }) => evaluable === 'no'));
});

const http: Partial<FlowRecord> = {
  'network.protocol': 'http',
  'http.request.method': 'GET',
  'url.domain': 'a.example',
  'destination.domain': 'a.example',
  'url.path': '/',
  'user_agent.original': 'x',
};
const cases: [file: RegExp, match: Partial<FlowRecord>[], other: Partial<FlowRecord>[]][] = [
  [/proxy_ua_rclone/, [{ ...http, 'user_agent.original': 'rclone/v1.60' }], [http, { ...http, 'url.path': '/rclone/v1' }]],
  [
    /proxy_pua_advanced_ip_scanner_update_check|advanced_port_scanner/i,
    [{ ...http, 'url.path': '/checkupdate.php', 'url.query': 'lng=en&ver=2-5-3680&beta=n&type=upd&rmode=p&product=aps' }],
    [{ ...http, 'url.path': '/checkupdate.php', 'url.query': 'lng=en' }],
  ],
  [
    /net_dns_.*cobaltstrike/i,
    [{ 'network.protocol': 'dns', 'dns.question.name': 'aaa.stage.1.example' }, { 'dns.question.name': 'x.stage.123456.example' }],
    [{ 'network.protocol': 'dns', 'dns.question.name': 'stage.example' }],
  ],
  [/net_connection_lnx_ngrok/, [{ 'destination.domain': 'tunnel.us.ngrok.com' }], [{ 'destination.domain': 'ngrok.com' }]],
];
for (const [name, match, other] of cases) {
  test(`public Sigma rules: ${name.source} finds what it is about, and nothing else`, { skip }, (context) => {
    const rule = rules.find(({ file }) => name.test(file));
    if (!rule) return context.skip('not in the sample');
    assert.equal(rule.evaluable, 'whole', rule.gaps.join('; '));
    for (const fields of match) assert.ok(matches(rule, fields), `${rule.file} must match ${JSON.stringify(fields)}`);
    for (const fields of other) assert.ok(!matches(rule, fields), `${rule.file} must not match ${JSON.stringify(fields)}`);
  });
}
