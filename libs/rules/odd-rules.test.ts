import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from '#geo';
import { LogSources } from './log-sources.ts';
import { parseRules } from './parse.ts';
import type { Rule } from './rule.ts';
import { readFileSync } from 'node:fs';

const logSources = LogSources.parse(readFileSync(new URL('../../../libs/rules/log-sources.yaml', import.meta.url), 'utf8'));
const head = 'title: T\nid: 11111111-2222-4333-8444-555555555555\nlevel: low\nlogsource: { category: process_creation, product: windows }\n';
const detection = (text: string): string => `${head}detection:\n${text.trim().replace(/^/gm, '    ')}\n`;

/** What public rules do that is easily mistaken for a fault, but is all valid. */
const odd: [name: string, text: string][] = [
  ['a time frame without an aggregation', detection('a: { EventID: 1 }\ntimeframe: 30d\ncondition: a')],
  [
    'an aggregation by a field with dots',
    detection('a: { EventID: [1, 2] }\nf: { errorCode|exists: true }\ntimeframe: 5m\ncondition: a and not f | count(eventName) by user.arn > 50'),
  ],
  ['an aggregation without a field or group', detection("a: ['denied: x', 'denied: y']\ntimeframe: 120m\ncondition: a | count() > 6")],
  [
    'several aggregations',
    detection(
      'a: { EventID: 1 }\nb: { EventID: 2 }\nc: { EventID: 3 }\ncondition: a | count(x) by y > 50 and b | count() by y > 5 or not c | sum(z) >= 2.5',
    ),
  ],
  [
    'searches near others but one',
    detection('a: { EventID: 1 }\nb: { EventID: 2 }\nc:\n    PasswordLastSet:\ncondition: ( a and not c ) |near b and not c'),
  ],
  ['a placeholder behind the modifier that reads it', detection("a: { src_ip|cidr|expand: '%management_networks%' }\ncondition: a")],
  ['searches near each other', detection('a: { EventID: 1 }\nb: { EventID: 2 }\ntimeframe: 30s\ncondition: a | near b')],
  ['words in capitals', detection('a: { EventID: 1 }\nb: { EventID: 2 }\ncondition: a AND NOT b OR (ALL OF a*)')],
  ['names with dashes, dots and digits', detection('1-a.b_c: { EventID: 1 }\nb2: { EventID: 2 }\ncondition: 1-a.b_c or b2')],
  [
    'all but filters of two kinds',
    detection(
      'selection_img: { EventID: 1 }\nfilter_main_a: { EventID: 2 }\nfilter_optional_b: { EventID: 3 }\n'
        + 'condition: all of selection_* and not 1 of filter_main_* and not 1 of filter_optional_*',
    ),
  ],
  ['a condition over several lines', detection('a: { EventID: 1 }\nb: { EventID: 2 }\ncondition: >-\n    a and\n    not b')],
  ['several conditions', detection('a: { EventID: 1 }\nb: { EventID: 2 }\ncondition:\n    - a\n    - b')],
  ['a comment inside and behind', detection("a: # why\n    EventID: 1 # which\n# more\ncondition: a # all of it")],
  ['keywords, each of them', detection("a:\n    '|all': ['one', 'two']\ncondition: a")],
  [
    'a list of maps beside a map',
    detection(
      'a:\n    - Image|endswith: \\x.exe\n      Company: null\n    - { OriginalFileName: [X.EXE, Y.EXE] }\n'
        + 'b: { CommandLine|contains|all: [a, b] }\ncondition: a and b',
    ),
  ],
  [
    'backslashes of paths',
    detection(
      "a:\n    Image|startswith: 'C:\\Windows\\'\n    ParentImage|endswith: '\\\\?\\x'\n"
        + "    CommandLine|contains: ['\\\\\\\\*\\\\C$', '%temp%\\', '\\\\\\\\?\\\\']\ncondition: a",
    ),
  ],
  ['characters that cannot be seen', detection("a: { TargetFilename|contains: ['\u200b', '\u2060', '\ufeff'] }\ncondition: a")],
  [
    'nothing, everything, and numbers of all kinds',
    detection("a: { A: '', B: null, C: ['*'], D: [0x17, 010, 1.50, -1, 'true', true, 2024-01-01] }\ncondition: a"),
  ],
  ['comparisons written into values', detection("a: { ttl: '>0', answer: '*' }\ncondition: a")],
  [
    'fields with spaces, dashes and brackets',
    detection("a: { 'Service Name': x, c-uri|contains: y, 'Properties.Name[0]': z, '@fields.a': b }\ncondition: a"),
  ],
  [
    'empty alternatives and counts in expressions',
    detection(
      String.raw`a: { ImagePath|re: '.*cmd.{0,5}(?:\/c|\/r)(?:\s|)\"set\s[a-zA-Z]{3,6}.*(?:\{\d\}){1,}\\\"\s+?\-f(?:.*\)){1,}.*\"' }`
        + '\ncondition: a',
    ),
  ],
  [
    'expressions of PCRE',
    detection(
      String.raw`a: { CommandLine|re: ['(?i)\bx\b', '(?P<n>a)b', '\Aab\Z', '(?<!x)y', '[[:alpha:]]', 'a{,3}'] }` + '\ncondition: a',
    ),
  ],
  [
    'expressions that only PCRE can read, of a field that records lack',
    detection(String.raw`a: { CommandLine|re: ['a++b', '(?>a+)b', '(?|a|b)', '(a+)+'] }` + '\ncondition: a'),
  ],
  ['expressions that cannot run, in keywords of a log that records do not have', detection(String.raw`a: { '|re': '\p{L}(?R)' }` + '\ncondition: a')],
  [
    'modifiers in a row',
    detection(
      'a: { CommandLine|wide|base64offset|contains: [http, ftp], Hashes|contains|cased: A, Path|windash|contains|all: [" -a", " -b"], '
        + 'U|fieldref: V, S|expand: "%Servers%" }\ncondition: a',
    ),
  ],
  ['anchors', detection('x: &list [a, b]\na: { A: *list }\nb: { B|contains: *list }\ncondition: a or b and not x')],
  [
    'attributes of other tools',
    `${head}taxonomy: sigma\nlicense: DRL-1.1\nscope: [server]\nfields: [A, B]\n`
      + 'related: [{ id: 11111111-2222-4333-8444-555555555556, type: derived }]\nregression_tests_path: x/y\n'
      + 'simulation: [{ type: atomic-red-team, name: N }]\ncustom: { a: [1] }\ndetection: { a: { EventID: 1 }, condition: a }\n',
  ],
  [
    'a date of old, in quotes, and an old tag',
    `${head}date: '2020/10/05'\nmodified: 2021-01-02\ntags: [attack.t1059.001, car.2013-04-002, cve.2021.44228, attack.lateral-movement, `
      + 'detection.threat-hunting, tlp.amber+strict]\ndetection: { a: { EventID: 1 }, condition: a }\n',
  ],
  [
    'lines that end as on Windows, a byte order mark, dots at the end',
    `\ufeff${detection('a: { EventID: 1 }\ncondition: a').replaceAll('\n', '\r\n')}...\r\n`,
  ],
  ['searches without content', detection('a: {}\nb: []\nc:\nd: { EventID: 1 }\ncondition: d and not 1 of a* and not b or c')],
  ['a list without values', detection("a: { A: [], B|contains: [], C|neq: [], '|all': [] }\ncondition: a")],
  ['a document marker in front and behind', `---\n${detection('a: { EventID: 1 }\ncondition: a')}---\n`],
];
for (const [name, text] of odd) {
  test(`an odd rule that is legal: ${name}`, () => {
    const { rules, problems } = parseRules([{ name: 't.yml', text }], { logSources });
    assert.deepEqual(problems.filter(({ severity }) => severity === 'error').map(formatProblem), []);
    assert.equal(rules.length, 1);
  });
}

test('a correlation over longer than events are kept, and a filter for a rule that is not loaded, are legal and do nothing', () => {
  const rule = detection('a: { EventID: 1 }\ncondition: a')
    .replace('title: T', 'title: T\nname: t')
    .replace('category: process_creation, product: windows', 'product: telltale')
    .replace('EventID: 1', 'source.port: 1');
  const correlation =
    'title: C\nid: 11111111-2222-4333-8444-555555555557\nlevel: low\n'
      + 'correlation: { type: event_count, rules: [t], group-by: [source.ip], timespan: 1y, condition: { gte: 2 } }\n';
  const filter =
    'title: F\nid: 11111111-2222-4333-8444-555555555558\nlogsource: { product: telltale }\n'
      + 'filter: { rules: [gone], a: { source.port: 1 }, condition: not a }\n';
  const { rules, correlations, filters, problems } = parseRules([{ name: 't.yml', text: [rule, correlation, filter].join('---\n') }], { logSources });
  assert.deepEqual(problems.map(formatProblem), [
    't.yml:13:42: warning: it cannot be evaluated here: its timespan is longer than 31 days, and the events of rules are kept only for 35 '
      + '[not-evaluable]',
    't.yml:18:19: warning: no rule has the id or name "gone", so that there is nothing to filter [unknown-rule]',
  ]);
  assert.deepEqual([rules[0]!.evaluable, correlations[0]!.evaluable, filters.length], ['whole', 'no', 1]);
});

test('an empty search is neither true nor false, and an empty list asks for an absent field', () => {
  const parse = (text: string): Rule =>
    parseRules([{ name: 't.yml', text: detection(text).replace('category: process_creation, product: windows', 'product: telltale') }]).rules[0]!;
  assert.deepEqual(
    ['a: {}\ncondition: a', 'a: []\ncondition: not a', 'a: {}\nb: { source.port: 1 }\ncondition: a and b'].map((text) => parse(text).evaluable),
    ['no', 'no', 'no'],
  );
  assert.equal(parse('a: {}\nb: { source.port: 1 }\ncondition: a or b').evaluable, 'part');
  assert.deepEqual(
    parse('a: { destination.domain: [] }\ncondition: a').expression,
    parse('a: { destination.domain: null }\ncondition: a').expression,
  );
});

test('an expression that cannot run here makes a rule of another log source not evaluable, and one of Telltale wrong', () => {
  const text = (source: string): string =>
    detection("a: { c-uri|re: 'a(?R)' }\nb: { c-uri: x }\ncondition: a or b").replace('category: process_creation, product: windows', source);
  const parse = (source: string): ReturnType<typeof parseRules> => parseRules([{ name: 't.yml', text: text(source) }], { logSources });
  const proxy = parse('category: proxy');
  assert.deepEqual(proxy.problems.map(formatProblem), [
    't.yml:6:22: warning: it cannot be evaluated here: the regular expression cannot be used, at character 2: recursion into a group is '
      + 'not supported here [not-evaluable]',
  ]);
  assert.deepEqual(
    [proxy.rules[0]!.evaluable, proxy.rules[0]!.gaps],
    ['part', ['the regular expression cannot be used, at character 2: recursion into a group is not supported here']],
  );
  const own = parseRules([{ name: 't.yml', text: text('product: telltale').replaceAll('c-uri', 'url.path') }], { logSources });
  assert.deepEqual(own.problems.map(formatProblem), [
    't.yml:6:25: error: the regular expression cannot be used, at character 2: recursion into a group is not supported here [regex]',
  ]);
  const ofTwo = (key: string): string => parseRules(
    [
      {
        name: 't.yml',
        text: detection(`a: { ${key}: ['x(?R)', 'y'] }\ncondition: a`).replace(
          'category: process_creation, product: windows', 'category: proxy',
        ),
      },
    ],
    { logSources },
  ).rules[0]!.evaluable;
  assert.deepEqual(['c-useragent|re', 'c-useragent|re|all', 'c-useragent|re|neq', 'c-useragent|re|all|neq'].map(ofTwo), ['part', 'no', 'no', 'part']);
});
