import { levels, type Finding } from '#flow';
import type { UnreadableInput } from '../probe/captures.ts';
import type { ProbePipeline } from '../probe/pipeline.ts';
import { columns, printable } from './table.ts';

export interface ScanTotals {
  captures: number;
  packets: number;
  records: number;
  findings: Finding[];
  /** Files of a folder that are no captures. */
  skipped: number;
  unreadable: UnreadableInput[];
}

/** What was read, what was found, and what could not be seen, on standard error. */
export function printSummary(totals: ScanTotals, pipeline: ProbePipeline): void {
  const lines: string[] = [];
  for (const { path, reason } of totals.unreadable) lines.push(`unreadable: ${printable(path)}: ${reason}`);
  const skipped = totals.skipped > 0 ? `, ${count(totals.skipped, 'file')} that hold no capture skipped` : '';
  lines.push(`${count(totals.captures, 'capture')} read: ${count(totals.packets, 'packet')}, ${count(totals.records, 'flow record')}${skipped}.`);
  lines.push(totals.findings.length === 0 ? 'No findings.' : `${count(totals.findings.length, 'finding')} (${byLevel(totals.findings)}):`);
  if (totals.findings.length > 0) lines.push(indent(leaksTable(totals.findings)));
  const blind = blindSpots(pipeline);
  if (blind) lines.push(`Not seen: ${blind}.`);
  process.stderr.write(`${lines.join('\n')}\n`);
}

function byLevel(findings: readonly Finding[]): string {
  const counts = levels.toReversed().map((level) => [level, findings.filter((finding) => finding['event.severity_name'] === level).length] as const);
  return counts.filter(([, number]) => number > 0).map(([level, number]) => `${number} ${level}`).join(', ');
}

/** What leaked, from whom to where, by which rule: findings that differ in none of these are one line with a count. */
export function leaksTable(findings: readonly Finding[]): string {
  const groups = new Map<string, { row: string[]; times: number }>();
  for (const finding of findings) {
    const country = finding['telltale.peer.located'] || '?';
    const row = [
      finding['event.severity_name'],
      finding['rule.name'],
      finding['telltale.observable.kind'] ? `${finding['telltale.observable.kind']} ${finding['telltale.observable.mask']}` : finding['telltale.policy.reason'] || finding['telltale.role'],
      finding['telltale.subject.ip'],
      `${finding['destination.domain'] || finding['telltale.peer.ip']} (${[finding['telltale.service'], country].filter(Boolean).join(', ')})`,
    ];
    const key = row.join('\0');
    const group = groups.get(key);
    if (group) group.times++;
    else groups.set(key, { row, times: 1 });
  }
  const rank = (row: readonly string[]): number => -levels.indexOf(row[0] as (typeof levels)[number]);
  const rows = [...groups.values()].toSorted((a, b) => rank(a.row) - rank(b.row)).map(({ row, times }) => [...row, times > 1 ? `${times} times` : '']);
  return columns(['LEVEL', 'RULE', 'WHAT', 'FROM', 'TO', ''], rows);
}

/** Unknown is not clean: what the probe could not use is said, the most frequent first. */
function blindSpots(pipeline: ProbePipeline): string {
  const parts: [number, string][] = [];
  for (const { layer, reason, count: times } of pipeline.capture.reasons()) if (!harmless.has(`${layer}/${reason}`)) parts.push([times, `${layer} ${reason.replaceAll('_', ' ')}`]);
  for (const { protocol, reason, count: times } of pipeline.dissect.entries()) if (reason !== 'messages') parts.push([times, `${protocol} ${reason}`]);
  if (pipeline.identifiers.dropped > 0) parts.push([pipeline.identifiers.dropped, 'identifiers over the bound of a message']);
  return parts.toSorted(([a], [b]) => b - a).map(([times, what]) => `${times.toLocaleString('en')} × ${what}`).join(', ');
}

/** Counted, but nothing is missing for it. */
const harmless = new Set([
  'link/arp', 'fragment/held', 'fragment/reassembled', 'tcp/retransmission', 'tcp/out_of_order', 'tcp/overlap', 'tcp/before_start',
]);

export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

function indent(text: string): string {
  return text.split('\n').map((line) => `  ${line}`).join('\n');
}
