import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CaptureError } from '#capture';
import type { FlowRecord } from '#flow';
import { closeness, explain, readRecords, reasonOf, type Explanation, type Rule } from '#rules';
import { projectRoot } from '#runtime';
import { loadDetection, loadRules, readRuleNames, type DetectionFiles } from '../detector/packs.ts';
import { listCaptures } from '../probe/captures.ts';
import { createPipeline } from '../probe/create.ts';
import { replayCapture } from '../probe/replay.ts';
import { UsageError } from './command.ts';
import { printable } from './table.ts';

/** Policies and sets of countries to use instead of, or in addition to, the built-in ones. */
export type PolicyFiles = Pick<DetectionFiles, 'policy' | 'jurisdictions'>;

export interface ExplainOptions {
  /** Rules to use instead of the built-in ones. */
  folder: string | undefined;
  /** Id, name or title of a single rule. */
  only: string | undefined;
  /** Explain every record instead of summarising. */
  all: boolean;
}

/** Explains for each rule, or for one, why the records of a file match or do not. */
export async function explainRules(file: string, { folder, only, all }: ExplainOptions, files: PolicyFiles): Promise<void> {
  const { pack } = await loadRules(projectRoot, await readRuleNames({ root: projectRoot, ...files }), folder);
  const rules = only === undefined ? pack.rules : pack.rules.filter(({ id, name, title }) => [id, name, title].includes(only));
  if (rules.length === 0) throw new UsageError(`no rule has the id, name or title ${JSON.stringify(only)}`);
  const records = /\.(?:nd)?json$/.test(file) ? readRecords(await readText(file)) : await captureRecords(file, files);
  for (const rule of rules) print(explainRule(rule, records, { named: only !== undefined, all }));
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new UsageError(`there is no file ${file}`) : error;
  }
}

/** The records of a capture, enriched as a detector does. */
async function captureRecords(file: string, files: PolicyFiles): Promise<FlowRecord[]> {
  const { inputs: [input, another], unreadable: [problem] } = await listCaptures([file]);
  if (!input) throw new UsageError(`${file}: ${problem?.reason ?? 'it is not a capture'}`);
  if (another) throw new UsageError(`rules explain takes one capture, and ${file} is a folder of several`);
  const records: FlowRecord[] = [];
  // Tokens do not matter here, so that any key will do.
  const pipeline = createPipeline({ tokenKey: randomBytes(32) });
  try {
    await replayCapture(input, { pipeline, send: async (batch) => { records.push(...batch); }, onProgress: () => {} });
  } catch (error) {
    throw error instanceof CaptureError ? new UsageError(`${input.path}: ${error.message}`) : error;
  }
  const { detection } = await loadDetection({ root: projectRoot, ...files });
  detection.detect(records);
  return records;
}

/** For a rule selected by name, how many records are shown of those that match, and of those that come closest. */
const shownRecords = 3;

interface Explained {
  readonly record: FlowRecord;
  readonly explanation: Explanation;
}

/** How many records match; how many do not, by what fails; and examples of both: a few for a rule selected by name, else one. */
function explainRule(rule: Rule, records: readonly FlowRecord[], how: { named: boolean; all: boolean }): string {
  const head = `${rule.title} (${rule.level}, ${rule.id})`;
  if (rule.evaluable === 'no') return `${head}\n  it cannot be evaluated here: ${rule.gaps.join('; ')}`;
  const explained = records.map((record): Explained => ({ record, explanation: explain(rule, record) }));
  const matched = explained.filter(({ explanation }) => explanation.matched);
  const leftOut = rule.gaps.length > 0 ? `; left out: ${rule.gaps.join('; ')}` : '';
  const summary = `${head}\n  ${matched.length} of ${records.length} records match${leftOut}`;
  if (how.all) return [summary, ...explained.map(describe)].join('\n');
  const groups = groupsOf(explained.filter(({ explanation }) => !explanation.matched));
  // One record per reason says as much as all of them.
  const closest = groups.map(({ members: [first] }) => first!);
  const most = how.named ? shownRecords : 1;
  const shown = how.named || matched.length === 0 ? [...matched.slice(0, most), ...closest.slice(0, most)] : matched.slice(0, most);
  const others = how.named || matched.length === 0 ? groups.map(({ reason, members }) => `    ${members.length} × ${reason}`) : [];
  return [summary, ...others, ...shown.map(describe)].join('\n');
}

/** Records that do not match by the reason, those that come closest first. */
function groupsOf(explained: readonly Explained[]): { reason: string; members: readonly Explained[] }[] {
  const groups = Object.groupBy(explained, ({ explanation }) => reasonOf(explanation));
  const closestFirst = (a: Explained, b: Explained): number => closeness(b.explanation) - closeness(a.explanation);
  return Object.entries(groups).map(([reason, members = []]) => ({ reason, members: members.toSorted(closestFirst) }))
    .toSorted((a, b) => closeness(b.members[0]!.explanation) - closeness(a.members[0]!.explanation));
}

function describe({ record, explanation: { matched, observable, searches } }: Explained): string {
  const destination = record['destination.domain'] || record['destination.ip'];
  const place = `${record['source.ip']}:${record['source.port']} → ${destination}:${record['destination.port']}`;
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
