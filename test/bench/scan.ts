/**
 * Throughput of the scan kernel, alone and with validation, beside its twin, one RegExp per pattern, and Hyperscan (where hs.h and gcc
 * are), with the same 48 patterns: `node dist/test/bench/scan.js <capture> [rounds]`
 *
 * The excerpts are what the packets carry; `text` are those of which most is printable. Each way runs in a process of its own, on one
 * pinned core, and reads 64 MB to be compiled (Hyperscan is compiled before), then as much, timed; rounds alternate between the ways, figures are
 * medians of CPU time.
 * scan.baseline.json holds the ratios that a change is compared with.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isText, packed, payloadsOf } from './scan/excerpts.ts';
import { patterns } from './scan/patterns.ts';
import type { ScanRun } from './scan/run.ts';

const [capture, rounds = '3'] = process.argv.slice(2);
if (capture === undefined) throw new Error('which capture? see the head of this file');
const sources = path.join(import.meta.dirname, '../../../test/bench');
const folder = mkdtempSync(path.join(tmpdir(), 'telltale-bench-'));
const isPinnable = spawnSync('taskset', ['--version']).status === 0;
const hyperscan = compileHyperscan();
const ways: Record<string, (excerpts: string, passes: string) => ScanRun> = {
  ...Object.fromEntries(['kernel', 'twin', 'one RegExp per pattern', 'kernel alone', 'twin alone'].map((way) => {
    return [way, (...args: string[]) => run(process.execPath, [path.join(import.meta.dirname, 'scan', 'run.js'), way, ...args])];
  })),
  ...(hyperscan !== null && {
    'Hyperscan, first matches': (excerpts: string, passes: string) => run(hyperscan, [patternsFile(), excerpts, 'first', passes]),
    'Hyperscan, all matches': (excerpts: string, passes: string) => run(hyperscan, [patternsFile(), excerpts, 'all', passes]),
  }),
};

try {
  const payloads = payloadsOf(capture);
  const baseline = JSON.parse(readFileSync(path.join(sources, 'scan.baseline.json'), 'utf8')) as Record<string, Record<string, number>>;
  for (const [name, excerpts] of Object.entries({ text: payloads.filter(isText), all: payloads })) compare(name, excerpts, baseline[name] ?? {});
} finally {
  rmSync(folder, { recursive: true });
}

function compare(name: string, excerpts: readonly Buffer[], baseline: Record<string, number>): void {
  const file = path.join(folder, name);
  writeFileSync(file, packed(excerpts));
  const bytes = excerpts.reduce((sum, excerpt) => sum + excerpt.length, 0);
  const passes = String(Math.ceil(64e6 / bytes));
  const runs = new Map(Object.keys(ways).map((way) => [way, [] as ScanRun[]]));
  for (let round = 0; round < Number(rounds); round++) for (const [way, scan] of Object.entries(ways)) runs.get(way)!.push(scan(file, passes));
  checkAgreement(runs);
  const seconds = (way: string): number => median(runs.get(way)!.map((each) => each.seconds));
  console.log(`${name}: ${excerpts.length} excerpts, ${bytes} bytes, ${patterns.length} patterns${isPinnable ? ', one pinned core' : ''}`);
  console.table(
    Object.fromEntries(
      [...runs.keys()].map((way) => [
        way,
        {
          'MB/s': Math.round(bytes / seconds(way) / 1e6),
          found: runs.get(way)![0]!.found,
          "time to the kernel's": round2(seconds(way) / seconds('kernel')),
        },
      ]),
    ),
  );
  const ratios = Object.fromEntries([
    ['validated over RegExp', seconds('one RegExp per pattern') / seconds('kernel')],
    ...(hyperscan === null ? [] : [
      ['validated over Hyperscan', seconds('Hyperscan, first matches') / seconds('kernel')],
      ['alone over Hyperscan', seconds('Hyperscan, first matches') / seconds('kernel alone')],
      ['validated over Hyperscan with starts', seconds('Hyperscan, all matches') / seconds('kernel')],
    ] as const),
  ]);
  for (const [ratio, value] of Object.entries(ratios)) console.log(`${ratio}: ${round2(value)}, baseline ${baseline[ratio] ?? 'none'}`);
}

/** All ways that validate find the same; Hyperscan reports every end of a match, so that it is compared by excerpt and pattern. */
function checkAgreement(runs: ReadonlyMap<string, readonly ScanRun[]>): void {
  const [expected] = runs.get('one RegExp per pattern')!;
  for (const [way, [{ found, pairs, checksum }]] of runs as ReadonlyMap<string, readonly [ScanRun]>) {
    if (way.endsWith('alone')) continue;
    assert.deepEqual({ pairs, checksum }, { pairs: expected!.pairs, checksum: expected!.checksum }, way);
    if (!way.startsWith('Hyperscan')) assert.equal(found, expected!.found, way);
  }
}

function compileHyperscan(): string | null {
  const output = path.join(folder, 'hyperscan');
  const { status, stderr, error } = spawnSync('gcc', ['-O2', '-o', output, path.join(sources, 'scan', 'hyperscan.c'), '-lhs'], { encoding: 'utf8' });
  if (status === 0) return output;
  console.error(`WITHOUT HYPERSCAN: it needs gcc and Debian's libhyperscan-dev\n${error?.message ?? stderr}`);
  return null;
}

function patternsFile(): string {
  const file = path.join(folder, 'patterns');
  writeFileSync(file, patterns.map(({ source, isCaseless }) => `${isCaseless ? 'c' : '-'} ${source}\n`).join(''));
  return file;
}

function run(command: string, args: readonly string[]): ScanRun {
  const [first, ...rest] = isPinnable ? ['taskset', '-c', '0', command, ...args] : [command, ...args];
  const { stdout, stderr, status } = spawnSync(first!, rest, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as ScanRun;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
