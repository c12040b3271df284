import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { translatePcre } from './regex-pcre.ts';
import { compileRegex, regexMatcher } from './regex.ts';

/** Pattern, texts in which it matches, texts in which it does not. Perl agrees with each: see below. */
const table: [pattern: string, stands: string[], other: string[]][] = [
  ['a(?i)b', ['ab', 'aB'], ['Ab']],
  ['a(?i)b|c', ['aB', 'C'], ['Ab']],
  ['(a(?i)b)c', ['aBc'], ['aBC']],
  ['x(?i:b)c', ['xBc'], ['xBC', 'Xbc']],
  ['(?i)a(?-i)b', ['Ab'], ['AB']],
  ['(?i)a(?^)b', ['Ab'], ['AB']],
  ['(?i)a(?^:b)C', ['Abc'], ['ABc']],
  ['(?s)a.b(?-s:.)c', ['a\nbxc'], ['a\nb\nc']],
  ['(?m)^b$', ['a\nb'], ['ab']],
  ['(?m)\\Ab', ['b'], ['a\nb']],
  ['(?m)a\\z', ['ba'], ['a\nb']],
  ['\\Ga', ['ab'], ['ba']],
  ['a\\Kb', ['ab'], ['b']],
  ['a++b', ['aab'], ['aac']],
  ['a++a', [], ['aaa']],
  ['[ab]*+b', [], ['abab']],
  ['a?+ab', ['aab'], ['ab']],
  ['(?:ab)++a', ['aba'], ['abb']],
  ['(?:a|ab)++c', ['ac'], ['abc']],
  ['a{1,2}+a', ['aaa'], ['aa']],
  ['(?>a+)b', ['aab'], ['aac']],
  ['(?>a|ab)c', ['ac'], ['abc']],
  ['(?>a*)a', [], ['aaa']],
  ['(?>a+|bb)c', ['aabbc'], ['aab']],
  ['(b)(?>a|ab)(c)\\2', ['bacc'], ['babcc']],
  ['"[^"]*+"', ['say "x"'], ['say "x']],
  ['(?<q>[ab])x\\k<q>', ['axa'], ['axb']],
  ['(?P<q>[ab])x(?P=q)', ['bxb'], ['bxa']],
  ["(?'q'[ab])x\\k'q'", ['axa'], ['bxa']],
  ['([ab])x\\g1', ['axa'], ['axb']],
  ['([ab])x\\g{-1}y', ['bxby'], ['bxay']],
  ['([ab])\\g{1}1', ['aa1'], ['ab1']],
  ['(?n)(a)(?<q>[bc])\\k<q>', ['abb'], ['abc']],
  ['[[:alpha:]]+[[:digit:]]', ['ab1'], ['11']],
  ['^[[:^alpha:]]$', ['1', '—'], ['a']],
  ['^[[:punct:][:space:]x-]+$', ['-!~ \t', 'x-'], ['a']],
  ['^[[:xdigit:]]{2}$', ['aF'], ['ag']],
  ['^[]a]+$', [']a'], ['b']],
  ['^[^]a]+$', ['bc'], [']']],
  ['^[a\\]b-]+$', ['a]-b'], ['[']],
  ['^\\h+$', [' \t', '\u00a0'], ['\n']],
  ['^\\H$', ['\n'], [' ']],
  ['^\\v$', ['\n', '\u2028'], [' ']],
  ['^[\\h\\d]+$', ['1 2'], ['1\n2']],
  ['^\\R$', ['\r\n', '\u0085'], ['x']],
  ['^\\Rx', ['\r\nx'], ['\r\n\nx']],
  ['a\\Nb', ['axb'], ['a\nb']],
  ['\\e\\a', ['\x1b\x07'], ['ea']],
  ['\\cA[\\cb\\c[]', ['\x01\x02', '\x01\x1b'], ['cA']],
  ['\\x{41}\\x42\\o{103}\\104', ['ABCD'], ['x41']],
  ['^[\\x{2013}-\\x{2015}]$', ['–', '—'], ['-']],
  ['^\\x{1F600}+$', ['😀', '😀😀'], ['😁']],
  ['^[😀-😂x]$', ['😁', 'x'], ['😃', 'y']],
  ['^😀?$', ['', '😀'], ['😁']],
  ['a(?#a comment (with one) b', [], ['ab']],
  ['a(?#a comment)b', ['ab'], ['a b']],
  ['(?x) a b # more\n c [ ]', ['abc '], ['abc']],
  ['(?x: a b)c d', ['abc d'], ['abcd']],
  ['(?|a(b)|c(d))e', ['abe', 'cde'], ['ade']],
  ['^a{,2}$', ['', 'aa'], ['aaa']],
  ['^a{2}?$', ['aa'], ['a']],
  ['^a{x}$', ['a{x}'], ['aaa']],
  ['(?U)^a+$', ['aa'], ['b']],
  ['(?<=\\$)\\d(?!\\d)', ['$1'], ['$12']],
  ['(?<!x)y', ['y'], ['xy']],
  ['x^?a\\b+(?<=a)*c?', ['xa'], ['a', 'xab']],
  ['(?:^a){1}\\z{2}', ['a'], ['ba', 'ab']],
  ['(?<![0-9]{2})-(?=[a-c])', ['1-a'], ['12-a', '1-d']],
];
/** Perl quotes before it parses a pattern, so that it cannot tell what `\Q` means inside. */
const quoting: typeof table = [
  ['\\Qa.b*\\E+', ['a.b**'], ['axb']],
  ['^[\\Q^]\\E]+$', ['^]'], ['a']],
  ['\\Qa(b', ['a(b'], ['ab']],
  ['a\\Eb', ['ab'], ['a']],
];

test('patterns of PCRE mean here what they mean there', () => {
  for (const [pattern, stands, other] of [...table, ...quoting]) {
    const matches = regexMatcher(compileRegex(pattern, ''));
    for (const text of stands) assert.ok(matches(text), `${pattern} ${JSON.stringify(text)}`);
    for (const text of other) assert.ok(!matches(text), `${pattern} ${JSON.stringify(text)}`);
  }
});

test('a pattern that both read alike stays as it is', () => {
  for (const pattern of ['^/v\\d+/a\\.php\\?x=[^&/]*$', '(?:a|b){1,3}?(?=c)(?<!d)', '([ab])\\w+', '[\\w.-]+@[a-z]{2,}', 'a{b}', '\\/\\"\\-[–—]']) {
    assert.deepEqual([translatePcre(pattern, 'i').pattern, translatePcre(pattern, 'i').flags], [pattern, 'i']);
  }
  assert.deepEqual([translatePcre('(?im)a', '').pattern, translatePcre('(?im)a', '').flags], ['a', 'im']);
  // Nothing that follows could use what they do not give back.
  for (const [pattern, plain] of [
    ['a++b', 'a+b'],
    ['x"[^"]*+"', 'x"[^"]*"'],
    ['(b|a++)', '(b|a+)'],
    ['\\d++\\.x', '\\d+\\.x'],
  ])
    assert.equal(translatePcre(pattern!, '').pattern, plain);
});

const perl = spawnSync('perl', ['-e', 'print $]']);
const skip = perl.status === 0 && Number(perl.stdout.toString()) >= 5.034 ? false : 'SKIPPED: no perl from 5.34 on to compare with';

/** Whether each pattern matches in its text, according to Perl; undefined: Perl refuses the pattern. */
function asPerlSays(cases: readonly (readonly [pattern: string, text: string])[]): (boolean | undefined)[] {
  const program = `no warnings; while (<STDIN>) { chomp; my ($p, $t) = map { my $s = pack("H*", $_); utf8::decode($s); $s } split(/,/, $_, 2);
    my $r = eval { $t =~ /$p/ ? 1 : 0 }; print defined $r ? $r : "E"; }`;
  const hex = (text: string): string => Buffer.from(text, 'utf8').toString('hex');
  const { stdout, stderr } = spawnSync('perl', ['-e', program], {
    input: cases.map(([pattern, text]) => `${hex(pattern)},${hex(text)}\n`).join(''),
    encoding: 'latin1',
  });
  assert.equal(stdout.length, cases.length, stderr);
  return [...stdout].map((answer) => (answer === 'E' ? undefined : answer === '1'));
}

test('the table is what Perl says', { skip }, () => {
  // Perl has no flag U, which swaps greedy and lazy.
  const cases = table
    .filter(([pattern]) => !pattern.includes('(?U)'))
    .flatMap(([pattern, stands, other]) => [...stands, ...other].map((text) => [pattern, text] as const));
  const wrong = asPerlSays(cases).flatMap((found, i) => {
    const [pattern, text] = cases[i]!;
    return found === table.find(([one]) => one === pattern)![1].includes(text) ? [] : [`${pattern} ${JSON.stringify(text)}: ${found}`];
  });
  assert.deepEqual(wrong, []);
});

test('patterns put together of what PCRE has find what Perl finds', { skip }, () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    'B',
    '[ab]',
    '[^a]',
    '.',
    '\\w',
    '\\h',
    '\\H',
    '[[:upper:]1]',
    '[]a]',
    '\\N',
    '\\x{61}',
    '\\b',
    '(?=b)',
    '(?!b)',
    '(?<=a)',
    '\\A',
    '\\z',
    '(?i)',
    '(?-i)',
    '(?#x)',
    '\\K',
  );
  const quantifier = fc.constantFrom('', '', '+', '*', '?', '*+', '++', '?+', '{2}', '{,2}', '{1,2}+', '+?');
  const node = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 }, fc.tuple(atom, quantifier).map(([one, how]) => (/^(?:\\[bAzK]|\(\?)/.test(one) ? one : one + how)),
      fc.array(tie('node'), { minLength: 2, maxLength: 4 }).map((parts) => parts.join('')),
      fc
        .tuple(fc.constantFrom('(?:', '(', '(?>', '(?i:', '(?-i:', '(?|'), fc.array(tie('node'), { minLength: 1, maxLength: 2 }), quantifier)
        .map(([open, parts, how]) => `${open}${parts.join('|')})${how}`),
    ),
  })).node;
  const text = fc.array(fc.constantFrom('a', 'b', 'A', 'B', '1', ' ', ']'), { maxLength: 8 }).map((chars) => chars.join(''));
  const cases = fc.sample(fc.tuple(node, text), { numRuns: 4_000, seed: 20_261_122 });
  const wrong = asPerlSays(cases).flatMap((found, i) => {
    const [pattern, value] = cases[i]!;
    if (found === undefined) return [];
    try {
      return regexMatcher(compileRegex(pattern, ''))(value) === found
        ? []
        : [`${pattern} ${JSON.stringify(value)}: Perl ${found}; ${compileRegex(pattern, '').source}`];
    } catch (error) {
      return /the time .*can grow/.test((error as Error).message) ? [] : [`${pattern}: ${(error as Error).message}`];
    }
  });
  assert.deepEqual(wrong, []);
});
