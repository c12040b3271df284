import type { UnreadableInput } from '../probe/captures.ts';
import type { ProbePipeline } from '../probe/pipeline.ts';
import { count, type Leaks } from './leaks.ts';
import { printable, widthOf } from './table.ts';

export interface ScanTotals {
  captures: number;
  packets: number;
  records: number;
  leaks: Leaks;
  /** Files in folders that are not captures. */
  skipped: number;
  /** Matches over the bound, which correlations did not count. */
  hitsDropped: number;
  unreadable: UnreadableInput[];
}

/** What was read, what was found, and what could not be seen, on standard error. */
export function printSummary(totals: ScanTotals, pipeline: ProbePipeline): void {
  const lines: string[] = [];
  for (const { path, reason } of totals.unreadable) lines.push(`${printable(path)}: ${printable(reason)}`);
  const skipped = totals.skipped > 0 ? `, ${count(totals.skipped, 'file')} without a capture or log skipped` : '';
  for (const { file, line, source, reason } of pipeline.entries.counters.takeLocated())
    lines.push(`${printable(file)}:${line}: ${source}: ${printable(reason)}`);
  lines.push(`${count(totals.captures, 'input')} read: ${readText(pipeline, totals)}${skipped}.`);
  // "No findings" would be misleading when nothing could be read.
  if (totals.captures > 0 || totals.leaks.findings > 0) lines.push(totals.leaks.headline());
  if (totals.leaks.findings > 0) lines.push(totals.leaks.table(widthOf(process.stderr)));
  if (totals.hitsDropped > 0) lines.push(`Correlations did not look at ${count(totals.hitsDropped, 'match', 'matches')} over their bound.`);
  const blind = blindSpots(pipeline);
  if (blind) lines.push(`Not seen: ${blind}.`);
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** `266 packets, 3 entries of logs and flow exports, 89 flow records`, without those of a kind that was not read. */
export function readText({ entries: { counters } }: ProbePipeline, { packets, records }: { packets: number; records: number }): string {
  const entries = counters.entries > 0 ? [count(counters.entries, 'entry of logs and flow exports', 'entries of logs and flow exports')] : [];
  return [...(packets > 0 || entries.length === 0 ? [count(packets, 'packet')] : []), ...entries, count(records, 'flow record')].join(', ');
}

/** Unknown is not clean: lists what the probe could not use, the most frequent first. */
export function blindSpots(pipeline: ProbePipeline): string {
  const parts: [number, string][] = [];
  for (const { layer, reason, count: times } of pipeline.capture.reasons())
    if (!harmless.has(`${layer}/${reason}`)) parts.push([times, `${layer} ${reason.replaceAll('_', ' ')}`]);
  for (const { protocol, reason, count: times } of pipeline.dissect.entries())
    if (reason !== 'messages') parts.push([times, `${protocol} ${reason}`]);
  for (const { source, reason, count: times } of pipeline.entries.counters.reasons()) parts.push([times, `${source} ${reason}`]);
  if (pipeline.identifiers.dropped > 0) parts.push([pipeline.identifiers.dropped, 'identifiers over the bound of a message']);
  return parts.toSorted(([a], [b]) => b - a).map(([times, what]) => `${times.toLocaleString('en')} × ${what}`).join(', ');
}

/** These are counted, but nothing is missing because of them. */
const harmless = new Set([
  'link/arp', 'fragment/held', 'fragment/reassembled', 'tcp/retransmission', 'tcp/out_of_order', 'tcp/overlap', 'tcp/before_start',
]);
