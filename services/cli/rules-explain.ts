import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FlowRecord } from '#flow';
import { explain, readRecords, type Explanation, type Rule } from '#rules';
import { projectRoot } from '#runtime';
import { loadDetection, loadRules, readRuleNames, type DetectionFiles } from '../detector/packs.ts';
import { listCaptures } from '../probe/captures.ts';
import { createPipeline } from '../probe/create.ts';
import { replayCapture } from '../probe/replay.ts';
import { UsageError } from './command.ts';
import { printable } from './table.ts';

/** Policies and sets of countries to use instead of, or beside, those that ship. */
export type PolicyFiles = Pick<DetectionFiles, 'policy' | 'jurisdictions'>;

/** Says of each rule, or of one, why the records of a file match it or not. */
export async function explainRules(file: string, folder: string | undefined, only: string | undefined, files: PolicyFiles): Promise<void> {
  const { pack } = await loadRules(projectRoot, await readRuleNames({ root: projectRoot, ...files }), folder);
  const rules = only === undefined ? pack.rules : pack.rules.filter(({ id, name, title }) => [id, name, title].includes(only));
  if (rules.length === 0) throw new UsageError(`no rule has the id, name or title ${JSON.stringify(only)}`);
  const records = /\.(?:nd)?json$/.test(file) ? readRecords(await readFile(file, 'utf8')) : await captureRecords(file, files);
  for (const rule of rules) print(explainRule(rule, records, only !== undefined));
}

/** The records of a capture, enriched as a detector does. */
async function captureRecords(file: string, files: PolicyFiles): Promise<FlowRecord[]> {
  const { inputs: [input], unreadable: [problem] } = await listCaptures([file]);
  if (!input) throw new Error(`${file}: ${problem?.reason ?? 'no capture'}`);
  const records: FlowRecord[] = [];
  // Tokens are of no interest here, so the key is one of this run alone.
  const pipeline = createPipeline({ tokenKey: randomBytes(32) });
  await replayCapture(input, { pipeline, send: async (batch) => { records.push(...batch); }, onProgress: () => {} });
  const { detection } = await loadDetection({ root: projectRoot, ...files });
  detection.detect(records);
  return records;
}

/** Each record for a rule asked for by name; else the first that matches, or the one that comes closest. */
function explainRule(rule: Rule, records: readonly FlowRecord[], each: boolean): string {
  const head = `${rule.title} (${rule.level}, ${rule.id})`;
  if (rule.evaluable === 'no') return `${head}\n  not evaluable here: ${rule.gaps.join('; ')}`;
  const all = records.map((record) => ({ record, explanation: explain(rule, record) }));
  const matched = all.filter(({ explanation }) => explanation.matched);
  const summary = `${head}\n  ${matched.length} of ${records.length} records match${rule.gaps.length > 0 ? `; left out: ${rule.gaps.join('; ')}` : ''}`;
  const closeness = ({ searches }: Explanation): number => searches.filter(({ holds }) => holds).length;
  const shown = each ? all : matched.length > 0 ? matched.slice(0, 1) : all.toSorted((a, b) => closeness(b.explanation) - closeness(a.explanation)).slice(0, 1);
  return [summary, ...shown.map(({ record, explanation }) => describe(record, explanation))].join('\n');
}

function describe(record: FlowRecord, { matched, observable, searches }: Explanation): string {
  const place = `${record['source.ip']}:${record['source.port']} → ${record['destination.domain'] || record['destination.ip']}:${record['destination.port']}`;
  const frame = record['telltale.evidence.frame'] > 0 ? ` (frame ${record['telltale.evidence.frame']})` : '';
  const lines = [`  ${matched ? 'matches' : 'does not match'}: ${place}${frame}${observable && `, ${observable}`}`];
  for (const { name, holds, tests } of searches) {
    lines.push(`    ${holds ? 'holds    ' : 'fails    '} ${name || '(log source)'}`);
    for (const test of tests) lines.push(`      ${test.holds ? '+' : '-'} ${test.text}${test.value === '' ? '   (absent)' : `   is ${test.value}`}`);
  }
  return lines.join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n\n`);
}
