import type { Finding } from '#flow';
import { isoMicros } from './ndjson.ts';

/** Control characters of a terminal must not come out of a capture. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '·');
}

/** Findings as aligned columns, for people. `valueOf` gives the raw value where --reveal asks for it. */
export function findingsTable(findings: readonly Finding[], valueOf: (finding: Finding) => string | undefined): string {
  const rows = findings.map((finding) => [
    isoMicros(finding['@timestamp']).slice(0, 19).replace('T', ' '),
    finding['event.severity_name'],
    finding['rule.name'],
    finding['source.ip'],
    destination(finding),
    finding['telltale.peer.located'] || '?',
    what(finding, valueOf(finding)),
    finding['telltale.evidence.frame'] > 0 ? `${finding['telltale.evidence.file']}#${finding['telltale.evidence.frame']}` : finding['telltale.evidence.file'],
  ]);
  return columns(['TIME (UTC)', 'LEVEL', 'RULE', 'FROM', 'TO', 'IN', 'WHAT', 'FRAME'], rows);
}

function destination(finding: Finding): string {
  const ip = finding['destination.ip'];
  const endpoint = ip.includes(':') ? `[${ip}]:${finding['destination.port']}` : `${ip}:${finding['destination.port']}`;
  return finding['destination.domain'] ? `${finding['destination.domain']} (${endpoint})` : endpoint;
}

function what(finding: Finding, value: string | undefined): string {
  const kind = finding['telltale.observable.kind'];
  if (kind === '') return finding['telltale.policy.reason'] || finding['telltale.role'];
  return `${kind} ${value ?? finding['telltale.observable.mask']} at ${finding['telltale.observable.path']}`;
}

/** Left-aligned columns, two spaces apart, the last one ragged. */
export function columns(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows.map((row) => row.map(printable))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join('  ').trimEnd()).join('\n');
}
