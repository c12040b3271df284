/**
 * What rules cost per record, within everything that the detector does with one (from the flow log's bytes to those of an insert), and how
 * little the cost grows with their number: `node dist/test/bench/rules.js [rounds] [--write]`. Times are CPU times, so that a busy machine
 * matters less: medians over rounds that alternate between the numbers of rules; `--write` makes them the new baseline. The exit status is
 * 1 when 1,000 rules take more than 1.5 times the time of 10, or when that ratio is a quarter worse than the baseline's.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { LogSources, compileRules, parseRules } from '#rules';
import { decodeBatch, encodeBatch } from '#wire';
import { projectRoot } from '#runtime';
import { flowFormat } from '../../libs/transport/formats.ts';
import { Detection } from '../../services/detector/detection.ts';
import { loadDetection } from '../../services/detector/packs.ts';
import { readLogSources } from '../../services/detector/rule-folder.ts';
import { tables } from '../../libs/store/columns.ts';
import { RowBinaryEncoder } from '../../libs/store/row-binary.ts';
import { realisticRecords } from './codec/records.ts';
import { generatedRules } from './rules/generated-rules.ts';

const rounds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 15);
const baselineFile = new URL('../../../test/bench/rules/baseline.json', import.meta.url);
const counts = [10, 100, 1_000, 5_000];
const allowedRatio = 1.5;
const records = realisticRecords(20_000);
/** As in the flow log: in messages, whose texts are decoded anew. */
const messages: Buffer[] = [];
for (let at = 0; at < records.length; at += flowFormat.recordsPerMessage)
  messages.push(encodeBatch(records.slice(at, at + flowFormat.recordsPerMessage)));
const rows = new RowBinaryEncoder();
const logSources: LogSources = await readLogSources(projectRoot);
const parts = await loadDetection({ root: projectRoot });

const subjects = counts.map((count) => {
  const { rules, problems } = parseRules(generatedRules(count), { logSources });
  if (problems.length > 0) throw new Error(JSON.stringify(problems[0]));
  const plan = compileRules(rules);
  if (plan.unindexed > 0) throw new Error(`${plan.unindexed} rules are evaluated for every record`);
  return {
    count,
    plan,
    detection: new Detection({ ...parts, rules: plan }),
    evaluate: [] as number[],
    enrich: [] as number[],
    whole: [] as number[],
  };
});

let matches = 0;
for (let round = -3; round < rounds; round++) {
  for (const subject of subjects) {
    let [evaluate, enrich, whole] = [0, 0, 0];
    for (const message of messages) {
      const read = decodeBatch(message);
      evaluate += seconds(() => {
        for (const record of read) subject.plan.evaluate(record, () => { matches++; });
      });
      enrich += seconds(() => subject.detection.detect(read));
      whole += seconds(() => {
        const decoded = decodeBatch(message);
        subject.detection.detect(decoded);
        rows.clear();
        for (const record of decoded) rows.row(tables.flows, record);
      });
    }
    if (round < 0) continue;
    subject.evaluate.push(evaluate);
    subject.enrich.push(enrich);
    subject.whole.push(whole);
  }
}

const perSecond = (times: readonly number[]): number => Math.round(records.length / median(times));
const of = (count: number): (typeof subjects)[number] => subjects.find((subject) => subject.count === count)!;
const ratioTo10 = (count: number, key: 'evaluate' | 'enrich' | 'whole'): number => round2(median(of(count)[key]) / median(of(10)[key]));
const measured = Object.fromEntries(counts.map((count) => [`${count} rules`, {
  'evaluate, records/s': perSecond(of(count).evaluate), 'ratio': ratioTo10(count, 'evaluate'),
  'enrich + evaluate, records/s': perSecond(of(count).enrich), 'ratio ': ratioTo10(count, 'enrich'),
  'decode + enrich + evaluate + encode, records/s': perSecond(of(count).whole), 'ratio  ': ratioTo10(count, 'whole'),
}]));
console.table(measured);
console.log(`${matches} matches in all rounds`);

const ratio = ratioTo10(1_000, 'evaluate');
if (process.argv.includes('--write')) writeFileSync(baselineFile, `${JSON.stringify({ node: process.version, ratio, measured }, null, 2)}\n`);
const baseline = JSON.parse(readFileSync(baselineFile, 'utf8')) as { ratio: number };
console.log(`1,000 rules take ${ratio} times the time of 10 (baseline ${baseline.ratio}, allowed ${allowedRatio})`);
if (ratio > allowedRatio || ratio > baseline.ratio * 1.25) process.exitCode = 1;

/** CPU time of this process. */
function seconds(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
