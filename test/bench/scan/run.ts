/** One way of finding the patterns, for test/bench/scan.ts: `run.js <way> <excerpts> <passes> [--matches]`. Prints JSON. */
import { readFileSync } from 'node:fs';
import { Prefilter } from '../../../libs/identifiers/scan/prefilter.ts';
import { unpacked } from './excerpts.ts';
import { patterns } from './patterns.ts';

export interface ScanRun {
  /** CPU time of one pass over all excerpts. */
  seconds: number;
  /** Matches, or candidates where nothing validates them. */
  found: number;
  /** Excerpts in which a pattern matches, over all patterns; and a sum over them that differs where they do. */
  pairs: number;
  checksum: number;
}

type Visit = (pattern: number, start: number, end: number) => void;

const anchors = patterns.map((pattern) => pattern.anchors);
const expressions = patterns.map(({ source, isCaseless }) => new RegExp(source, isCaseless ? 'gi' : 'g'));
const ways: Record<string, () => (excerpt: Buffer, visit: Visit) => void> = {
  'kernel': () => validated(new Prefilter(anchors)),
  'twin': () => validated(new Prefilter(anchors, false)),
  'kernel alone': () => alone(new Prefilter(anchors)),
  'twin alone': () => alone(new Prefilter(anchors, false)),
  'one RegExp per pattern': () => (excerpt, visit) => {
    const text = excerpt.toString('latin1');
    for (let i = 0; i < expressions.length; i++) {
      for (const match of text.matchAll(expressions[i]!)) visit(i, match.index, match.index + match[0].length);
    }
  },
};

function validated(prefilter: Prefilter): (excerpt: Buffer, visit: Visit) => void {
  const from = new Int32Array(patterns.length);
  let number = 0;
  let visitOf: Visit = () => {};
  const visitMatch = (start: number, end: number): void => visitOf(number, start, end);
  return (excerpt, visit) => {
    const candidates = prefilter.scanBytes(excerpt);
    if (candidates === 0) return;
    visitOf = visit;
    let text: string | null = null;
    for (let i = 0; i < candidates; i++) {
      number = prefilter.patterns[i]!;
      const pattern = patterns[number]!;
      const at = pattern.locate(excerpt, prefilter.positions[i]!);
      if (at < 0) continue;
      if (text === null) {
        text = excerpt.toString('latin1');
        from.fill(0);
      }
      from[number] = pattern.find(text, at, from[number]!, visitMatch);
    }
  };
}

/** The prefilter alone, which finds candidates instead of matches. */
function alone(prefilter: Prefilter): (excerpt: Buffer, visit: Visit) => void {
  return (excerpt, visit) => {
    const candidates = prefilter.scanBytes(excerpt);
    for (let i = 0; i < candidates; i++) visit(prefilter.patterns[i]!, prefilter.positions[i]!, 0);
  };
}

const [way, file, passes] = process.argv.slice(2);
const scan = ways[way!]!();
const excerpts = unpacked(readFileSync(file!));
const run: ScanRun = { seconds: 0, found: 0, pairs: 0, checksum: 0 };
const matches: string[] = [];
// Once to report what is found, and then as often as it is timed, so that it is compiled: a probe runs for days.
for (const [number, excerpt] of excerpts.entries()) {
  const seen = new Set<number>();
  scan(excerpt, (pattern, start, end) => {
    run.found++;
    seen.add(pattern);
    if (process.argv.includes('--matches')) matches.push(`${number} ${pattern} ${start} ${end}`);
  });
  run.pairs += seen.size;
  for (const pattern of seen) run.checksum = (run.checksum + ((number * 64 + pattern) % 1_000_003) ** 2) % 2_147_483_647;
}
let found = 0;
const count = (): void => { found++; };
const scanAll = (): void => {
  found = 0;
  for (let pass = 0; pass < Number(passes); pass++) for (const excerpt of excerpts) scan(excerpt, count);
};
scanAll();
const start = process.cpuUsage();
scanAll();
const { user, system } = process.cpuUsage(start);
run.seconds = (user + system) / 1e6 / Number(passes);
if (found !== run.found * Number(passes)) throw new Error(`${way}: ${found} found, then ${run.found}`);
console.log(process.argv.includes('--matches') ? matches.toSorted().join('\n') : JSON.stringify(run));
