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
export function findingsTable(findings: readonly Finding[], valueOf: (finding: Finding) => string | undefined): string {
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
  return columns(['TIME (UTC)', 'LEVEL', 'RULE', 'FROM', 'TO', 'COUNTRY', 'WHAT', 'EVIDENCE'], rows);
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

/** Left-aligned columns, two spaces apart, the last one without padding. */
export function columns(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows.map((row) => row.map(printable))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
