import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRegex, regexMatcher } from './regex.ts';
import { RegexRefused } from './regex-refused.ts';
import { ambiguousLoop } from './regex-ambiguity.ts';
import { linearMachine } from './regex-linear.ts';
import { parseRegex, requiredTexts, type RegexNode } from './regex-syntax.ts';

const exponential = [
  '(a+)+$', '(a*)*b', '(?:a+b?)*$', '([a-z]+)*$', '((a)+)+$', '(a{1,30})+$', '(a{1,5})+$', '(a|a)*$', '(\\w|a)+$', '(.|x)+$',
  '(?<name>x+)+$', '(a+){25}$', '([^a]|b)*$',
  '(a?b?)*$', '(a*b*)*$', '(\\s*\\w+\\s*)*$', '(?:(|x?)y)*$', '(ab|a|b)*$', '(?i)(a|A)*$', '(é|[^a])*$', '(\\d+,?)+$', '(a{0,20}){20}b',
];
const safe = [
  'abc', 'a+b*c?', '(a|b)+', '(?:[a-c]|[d-f]|\\d)*', '^(GET|POST) ', '(foo|bar)', '(a+)?', '(?:ab){2,3}', '[(+*]+', '\\(a+\\)+', '(?=a+)b',
  '(ab|cd)*', 'a{2,}',
  '(?i)(ipfs\\.io/|ipfs\\.io\\s).+\\..+@.+\\.[a-z]+', '([a-z]+\\.)+', '(?:\\d{1,3}\\.){3}\\d{1,3}', '(a|ab)*c', '(a|(b))+',
  '([a-z0-9-]+\\.)+[a-z]{2,}', '("[^"]*"|[^",]*,)*', '(\\w+\\s)*', '(|a)+b', '[^]a]+\\u0041\\x42',
];

test('regular expressions: those whose time can explode run where it does not', () => {
  for (const source of exponential) {
    const matches = regexMatcher(compileRegex(source, ''));
    for (const text of ['a', 'ab', 'x', '1,', 'é']) matches(`${text.repeat(500)}!`);
  }
});

test('regular expressions: those whose time can explode, and which only the engine that goes back can run, are refused', () => {
  for (const source of [
    '(?=(a+)+\\1b)a',
    '(\\w)(\\1)*$',
    '(?>(a+)+b)c',
    '(a{0,20}){20}b(?>c)',
    '(a).*\\1.*a.*b',
    '(?>.*a.*a.*a)b',
    '(a).{0,99}\\1.*.*b',
  ])
    assert.throws(() => compileRegex(source, ''), RegexRefused, source);
});

test('regular expressions: ordinary ones are taken', () => {
  for (const source of safe) assert.doesNotThrow(() => compileRegex(source, ''), source);
});

/** In how many ways a backtracking matcher can match the whole text, counted without sharing work; stops at `most`. */
function readings(node: RegexNode, text: string, most: number): number {
  let count = 0;
  const read = (at: number, nodes: readonly RegexNode[]): void => {
    if (count >= most) return;
    const [first, ...rest] = nodes;
    if (!first) {
      if (at === text.length) count += 1;
      return;
    }
    switch (first.type) {
      case 'atom':
        if (at < text.length && first.characters[text.charCodeAt(at)] === 1) read(at + 1, rest);
        return;
      case 'sequence': return read(at, [...first.parts, ...rest]);
      case 'choice': return first.parts.forEach((part) => read(at, [part, ...rest]));
      case 'look': return read(at, rest);
      case 'atomic': return read(at, [first.part, ...rest]);
      case 'repeat': {
        const { part, min, max } = first;
        if (max > 0) read(at, [part, { type: 'repeat', offset: at, part, min: Math.max(0, min - 1), max: max - 1 }, ...rest]);
        if (min <= 0) read(at, rest);
      }
    }
  };
  read(0, [node]);
  return count;
}

test('regular expressions: what is taken has few readings, what is refused many, as counted by trying', () => {
  const atom = fc.constantFrom('a', 'b', '[ab]', 'c');
  const pattern = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 }, atom,
      fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((parts) => parts.join('')),
      fc.array(tie('node'), { minLength: 2, maxLength: 2 }).map((parts) => `(?:${parts.join('|')})`),
      // Bodies take at least one character, so that counting ends.
      fc.tuple(atom, tie('node'), fc.constantFrom('+', '*')).map(([head, node, sign]) => `(?:${head}${node})${sign}`),
      tie('node').map((node) => `(?:${node})?`),
      atom.map((one) => `${one}+`),
    ),
  })).node;
  fc.assert(fc.property(pattern, (source) => {
    const tree = parseRegex(source, '');
    let most = 0;
    for (let bits = 0; bits < 3 ** 7; bits += 1)
      most = Math.max(most, readings(tree, [...bits.toString(3).padStart(7, '0')].map((digit) => 'abc'[Number(digit)]!).join(''), 200));
    // Seven characters allow a polynomial few, and an exponential 2^(7/2) from loops over two or three characters.
    if (ambiguousLoop(tree) === undefined) assert.ok(most <= 150, `${source}: ${most} readings`);
  }), { numRuns: 150 });
});

test('regular expressions: texts that every match holds', () => {
  const required = (source: string): string[] | undefined => requiredTexts(parseRegex(source, ''));
  assert.deepEqual(required('^/v\\d+/admin\\.php'), ['/admin.php']);
  assert.deepEqual(required('(?:GET|post) /xy'), [' /xy']);
  assert.deepEqual(required('(foo|barr)\\d'), ['foo', 'barr']);
  assert.deepEqual(required('(?:GET|post) '), ['get', 'post']);
  assert.deepEqual(required('x(abc)+y?'), ['abc']);
  assert.equal(required('(abc)?\\d*'), undefined);
  assert.equal(required('(abc|\\d)'), undefined);
});

test('regular expressions: flags in front of the pattern are read', () => {
  assert.ok(compileRegex('(?i)abc', '').test('xABCx'));
  assert.ok(!compileRegex('abc', '').test('ABC'));
  assert.ok(compileRegex('a.c', 's').test('a\nc'));
  assert.ok(compileRegex('\\Aab\\Z', '').test('ab') && !compileRegex('\\Aab\\Z', '').test('xabZ'));
  assert.ok(compileRegex('(?P<name>a)b', '').test('ab'));
  assert.ok(compileRegex('a(?i)b', '').test('xaBx'));
});

test('regular expressions: a fault has its place', () => {
  const refusal = (source: string): string => {
    try {
      return compileRegex(source, '').source;
    } catch (error) {
      if (error instanceof RegexRefused) return `${error.offset}: ${error.message.slice(0, 64)}`;
      throw error;
    }
  };
  const loop = 'with this repetition the time can grow exponentially with the le';
  assert.deepEqual(['ab(c+)+(?>d)', '(?i)(c+)+(?>d)', '\\Q((\\E[[:alpha:]](c+)+(?>d)'].map(refusal), [`2: ${loop}`, `4: ${loop}`, `17: ${loop}`]);
  assert.equal(refusal('(?i)(a)b+\\1.*a.*b'), '11: with this repetition the time can grow with the fourth power of ');
  const faults = [
    'a(b', 'a)b', 'ab[c', 'a(?:*)', '+', 'a\\', 'x(?R)', 'x(?(1)a|b)', '(a)(?1)', '\\p{L}', 'a(*FAIL)', '[[:alfa:]]', '(?y)a', '\\2(a)',
    '[z-a]', 'a(?#b', '(a)(?C1)', '(?<=x', '(?<=(?>a|ab))c', '(?<!(?:x|a++)a)c',
  ];
  assert.deepEqual(faults.map(refusal), [
    '1: the group is not closed', '1: ")" closes no group', '2: the class is not closed', '4: there is nothing to repeat',
    '0: there is nothing to repeat', '1: the pattern ends with an unfinished "\\"', '1: recursion into a group is not supported here',
    '1: a conditional group is not supported here', '3: recursion into a group is not supported here',
    '0: a Unicode property (\\p) is not supported here', '1: a verb of PCRE is not supported here', '1: the class [:alfa:] is unknown',
    '0: the flag "y" is unknown', '0: the group 2 does not begin before the back reference to it',
    '0: the range of the class is out of order', '1: the comment is not closed', '3: a callout is not supported here',
    '0: the group is not closed', '4: an atomic group is not supported in a look-behind here',
    '10: a possessive quantifier is not supported in a look-behind here',
  ]);
});

test('regular expressions: the linear search finds what JavaScript finds', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '[ab]',
    '[^a]',
    '.',
    '\\d',
    'é',
    '\\s',
    '(?=b)',
    '(?!ab)',
    '(?<=a+)',
    '(?<![^a]b)',
    '(?=a*(?!b))',
    '(?<=(?=a)..?)',
    '(?!^|a$)',
    '\\b',
    '^',
    '$',
    '(a)\\1',
  );
  const quantifier = fc.constantFrom('', '', '+', '*', '?', '{2}', '{25,}', '{0,30}', '*?');
  const pattern = fc
    .array(fc.tuple(atom, quantifier), { minLength: 2, maxLength: 6 })
    .map((parts) => parts.map(([one, how]) => (/^(?:\^|\$|\\b|\(\?<?[=!])/.test(one) ? one : `(?:${one})${how}`)).join(''));
  const text = fc.array(fc.constantFrom('a', 'b', '1', ' ', 'é', '\n', 'A'), { maxLength: 40 }).map((chars) => chars.join(''));
  fc.assert(fc.property(pattern, fc.constantFrom('', 'i', 's', 'm'), fc.array(text, { minLength: 1, maxLength: 5 }), (source, flags, values) => {
    const regex = new RegExp(`${source}a*b*`, flags);
    const required = new RegExp(`${source}a+x*b`, flags);
    for (const one of [regex, required]) {
      const { search, leftOut } = linearMachine(parseRegex(one.source, one.flags))!;
      assert.ok(leftOut === undefined || /\\1|25|30/.test(one.source), `${one} without ${leftOut}`);
      for (const matches of [regexMatcher(one), ...(leftOut === undefined ? [search] : [])]) {
        for (const value of values) assert.equal(matches(value), one.test(value), `${one} ${JSON.stringify(value)}`);
      }
    }
  }), { numRuns: 2_000 });
});

test('regular expressions: repetitions behind each other do not multiply the time', () => {
  // Backtracking would take 4,096 to the power of 8 steps.
  const matches = regexMatcher(compileRegex('.*a.*a.*a.*a.*a.*a.*a.*b', ''));
  assert.ok(!matches('a'.repeat(4_096)));
  assert.ok(matches(`${'a'.repeat(4_095)}b`));
});

/** CPU time of some searches, µs. */
function micros(matches: (value: string) => boolean, value: string): number {
  const start = process.cpuUsage();
  for (let i = 0; i < 20; i += 1) matches(value);
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

test('regular expressions: look-around beside repetitions takes as long as a pattern that is linear anyway', () => {
  const value = 'a'.repeat(4_096);
  const ordinary = regexMatcher(compileRegex('(?:a|b)*c.*d', ''));
  const least = Math.max(1_000, micros(ordinary, value), micros(ordinary, value));
  // Backtracking would take 4,096 to the power of 3 to 9, or of 2.
  for (const source of [
    '.*a.*a.*a.*a(?!a)b',
    '(?=.*a.*a.*a.*b)a',
    '(?<=a.*a.*a.*b)a*',
    '(?<!x.*y.*z)(?=.*a.*a.*b).*a.*a.*b',
    '(a+)+(?!a)b',
    '(?=(?:(?!ab)a)*b).*a.*c',
    '(?!(?:a|a)*$)b.*c.*',
  ]) {
    const matches = regexMatcher(compileRegex(source, ''));
    assert.equal(matches(value), false, source);
    const time = micros(matches, value);
    assert.ok(time < 100 * least, `${source}: ${time} µs, and ${least} µs`);
  }
});

test('regular expressions: what only the engine that goes back can run is shown less of a value when it has two repetitions', () => {
  const matches = regexMatcher(compileRegex('(a).*\\1.*b', ''));
  assert.ok(matches(`aa${'x'.repeat(1_021)}b`));
  assert.ok(!matches(`aa${'x'.repeat(1_022)}b`));
  // With one repetition it sees as much as any pattern.
  assert.ok(regexMatcher(compileRegex('(a)\\1.*b', ''))(`aa${'x'.repeat(4_000)}b`));
});
