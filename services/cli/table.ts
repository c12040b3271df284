import type { Finding } from '#flow';
import { isoMicros } from './ndjson.ts';

/** Replaces control characters: a capture must not control the terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '·');
}

/** Shown in place of the subject, for a correlation over several. */
export const several = 'several';

/** Findings of one flow that say the same, from different packets or lines. */
interface Repeated {
  readonly first: Finding;
  last: Finding;
  times: number;
}

/**
 * Findings as aligned columns, for people; those that repeat another of the same flow, rule, value and place are counted in its row. `valueOf` gives
 * the raw value with --reveal.
 */
export function findingsTable(findings: readonly Finding[], valueOf: (finding: Finding) => string | undefined, width: number): string {
  const rows = repeated(findings).map(({ first: finding, last, times }) => [
    clock(finding),
    finding['event.severity_name'],
    finding['rule.name'],
    finding['source.ip'] || several,
    destination(finding),
    finding['telltale.peer.located'] || '?',
    what(finding, valueOf(finding)),
    times === 1 ? evidence(finding) : `${evidence(finding)}, ${times} times until ${clock(last)}, ${evidence(last)}`,
  ]);
  return columns(['TIME (UTC)', 'LEVEL', 'RULE', 'FROM', 'TO', 'COUNTRY', 'WHAT', 'EVIDENCE'], rows, width);
}

function repeated(findings: readonly Finding[]): Repeated[] {
  const groups = new Map<string, Repeated>();
  for (const finding of findings) {
    const key = [
      finding['telltale.flow.id'] || finding['event.id'], finding['rule.id'], finding['telltale.verdict'], finding['telltale.observable.kind'],
      finding['telltale.observable.token'], finding['telltale.observable.path'], ...finding['telltale.observables.related'],
    ].join('\0');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: finding, last: finding, times: 1 });
    else {
      group.last = finding;
      group.times++;
    }
  }
  return [...groups.values()];
}

/** UTC, to the second. */
function clock(finding: Finding): string {
  return isoMicros(finding['@timestamp']).slice(0, 19).replace('T', ' ');
}

/** `file#frame` for a capture, `file:line` for a log. */
function evidence(finding: Finding): string {
  const file = finding['telltale.evidence.file'];
  if (finding['telltale.evidence.frame'] > 0) return `${file}#${finding['telltale.evidence.frame']}`;
  return finding['telltale.evidence.line'] > 0 ? `${file}:${finding['telltale.evidence.line']}` : file;
}

function destination(finding: Finding): string {
  const ip = finding['destination.ip'];
  const endpoint = ip.includes(':') ? `[${ip}]:${finding['destination.port']}` : `${ip}:${finding['destination.port']}`;
  return finding['destination.domain'] ? `${finding['destination.domain']} (${endpoint})` : endpoint;
}

/** The identifier, and the kinds of those that the finding links it to: `user_id 18******1 with room_id`. */
export function identifiers(finding: Finding, value?: string): string {
  const related = new Set(finding['telltale.observables.related'].map((one) => one.slice(0, one.indexOf('='))));
  const linked = related.size > 0 ? ` with ${[...related].join(', ')}` : '';
  return `${finding['telltale.observable.kind']} ${value ?? finding['telltale.observable.mask']}${linked}`;
}

/** What a finding without an identifier is about: the role of the peer and the policy's verdict on it, else the protocol. */
export function place(finding: Finding): string {
  return [finding['telltale.role'], finding['telltale.policy.reason']].filter(Boolean).join(', ') || finding['network.protocol'];
}

function what(finding: Finding, value: string | undefined): string {
  const kind = finding['telltale.observable.kind'];
  if (kind === '') return place(finding);
  const path = finding['telltale.observable.path'];
  return path === '' ? identifiers(finding, value) : `${identifiers(finding, value)} at ${path}`;
}

/** Columns of the terminal that a stream writes to; Infinity where it is none, so that what reads a pipe gets whole lines. */
export function widthOf(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number {
  return (stream.isTTY && stream.columns) || Infinity;
}

const gap = '  ';
/** How narrow a column of text may become before rows are folded instead, characters. */
const narrowest = 24;
/** Goes before the second and further lines of a folded row. */
const foldIndent = '    ';

/**
 * Left-aligned columns, two spaces apart, the last one without padding. Where `width` is not enough, the widest columns become narrower and their
 * texts are wrapped; where even that is not enough, each row is folded: its columns stand on several lines, as do the headings. Nothing is left out.
 */
export function columns(header: readonly string[], rows: readonly (readonly string[])[], width = Infinity): string {
  const cells = [header, ...rows.map((row) => row.map(printable))];
  const natural = header.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const narrowed = fitted(natural, width);
  if (narrowed !== undefined) return cells.map((row) => lineOf(row, narrowed)).join('\n');
  const folds = foldsOf(natural, width);
  return cells.map((row) => folds.map(({ from, indent, widths }) => (
    lineOf(row.slice(from, from + widths.length), widths).replace(/^(?=.)/gm, indent)
  )).filter((line) => line.trim() !== '').join('\n')).join('\n');
}

/** The widths with the widest reduced until all fit; undefined when a column would have to be narrower than it may be. */
function fitted(natural: readonly number[], width: number): number[] | undefined {
  const widths = [...natural];
  let excess = widths.reduce((sum, one) => sum + one, gap.length * (widths.length - 1)) - width;
  for (; excess > 0; excess--) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= narrowest) return undefined;
    widths[widest]!--;
  }
  return widths;
}

interface Fold {
  /** Its first column. */
  from: number;
  indent: string;
  widths: number[];
}

/** As many columns on each line as it has room for. */
function foldsOf(natural: readonly number[], width: number): Fold[] {
  const folds: Fold[] = [];
  let room = 0;
  for (const [column, wanted] of natural.entries()) {
    const indent = column === 0 ? '' : foldIndent;
    if (column === 0 || wanted + gap.length > room) {
      folds.push({ from: column, indent, widths: [] });
      room = Math.max(1, width - indent.length) + gap.length;
    }
    const granted = Math.min(wanted, room - gap.length);
    folds.at(-1)!.widths.push(granted);
    room -= granted + gap.length;
  }
  return folds;
}

/** A row, in as many lines as its longest cell takes. */
function lineOf(row: readonly string[], widths: readonly number[]): string {
  const wrapped = row.map((cell, column) => wrap(cell, widths[column]!));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => (
    wrapped.map((lines, column) => (lines[line] ?? '').padEnd(widths[column]!)).join(gap).trimEnd()
  )).join('\n');
}

/** Breaks a text between words, and a word only where it alone is too long. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > 0 ? space : width;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return rest === '' && lines.length > 0 ? lines : [...lines, rest];
}
