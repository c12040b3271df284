import { contextFields, correlationSql, flowEvents, periodMicros, ruleSql, slides, type Correlation, type ParsedRules, type Rule } from '#rules';
import { openStore, type Store } from '#store';
import { correlationFinding, type CorrelationRow } from '../detector/correlation-detection.ts';
import type { RuleNames } from '../detector/packs.ts';
import { dataFolder } from '../standalone/data-folder.ts';
import { exitStatus, UsageError } from './command.ts';
import { count } from './leaks.ts';
import { loadRules, readPath } from './rules-folder.ts';
import { columns, printable } from './table.ts';

/** From when to when, µs; the second is not included. */
export interface TimeRange {
  from: number;
  to: number;
}

export interface SqlOptions {
  folder: string;
  names: RuleNames;
  /** Id, name or title of the only rule asked for. */
  only: string | undefined;
}

/** Prints rules as ClickHouse's SQL over stored flows, correlations with the time range in it. */
export async function convertRules(options: SqlOptions, range: TimeRange): Promise<number> {
  const { rules, correlations, all } = await chosen(options);
  for (const rule of rules) {
    const { convertible, condition, gaps } = ruleSql(rule);
    const head = heading(rule, gaps);
    if (convertible === 'no') print(`${head}\n-- not convertible`);
    else print(`${head}\nSELECT timestamp, telltale_flow_id, source_ip, destination_ip, destination_port, destination_domain, event_id\nFROM flows FINAL\nWHERE ${condition}\nORDER BY timestamp`);
  }
  for (const correlation of correlations) {
    const gaps = gapsOf(correlation, all);
    print(gaps.unusable ? `${heading(correlation, gaps.all)}\n-- not convertible` : `${heading(correlation, gaps.all)}\n${sqlOf(correlation, all, range)}`);
  }
  return exitStatus.ok;
}

/** What rules would have found in stored flows. */
export async function backtestRules(options: SqlOptions, range: TimeRange, store: { url: string } | { data: string }): Promise<number> {
  const { rules, correlations, all } = await chosen(options);
  await using opened = await openStore('url' in store ? store : { path: dataFolder(store.data).clickhouse });
  if ('data' in store) await opened.migrate();
  for (const rule of rules) print(await backtestRule(rule, range, opened));
  for (const correlation of correlations) print(await backtestCorrelation(correlation, all, range, opened));
  return exitStatus.ok;
}

async function chosen({ folder, names, only }: SqlOptions): Promise<Pick<ParsedRules, 'rules' | 'correlations'> & { all: ReadonlyMap<string, Rule> }> {
  const { rules, correlations } = await loadRules(await readPath(folder), names);
  const isMeant = ({ id, name, title }: Rule | Correlation): boolean => only === undefined || [id, name, title].includes(only);
  const found = { rules: rules.filter(isMeant), correlations: correlations.filter(isMeant), all: new Map(rules.map((rule) => [rule.id, rule])) };
  if (found.rules.length + found.correlations.length === 0) throw new UsageError(`no rule has the id, name or title ${JSON.stringify(only)}`);
  return found;
}

function heading({ title, level, id }: Rule | Correlation, gaps: readonly string[]): string {
  return [`-- ${title} (${level}, ${id})`, ...gaps.map((gap) => `-- left out: ${gap}`)].join('\n');
}

function gapsOf(correlation: Correlation, rules: ReadonlyMap<string, Rule>): { all: string[]; unusable: boolean } {
  const converted = [...correlation.hitFields.keys()].map((id) => ruleSql(rules.get(id)!));
  return {
    all: [...new Set([...correlation.gaps, ...converted.flatMap(({ gaps }) => gaps)])],
    unusable: correlation.evaluable === 'no' || converted.some(({ convertible }) => convertible === 'no'),
  };
}

function sqlOf(correlation: Correlation, rules: ReadonlyMap<string, Rule>, { from, to }: TimeRange): string {
  const period = periodMicros(correlation);
  // A fixed period counts when all of it lies in the range.
  const [first, last] = slides(correlation) ? [Math.floor(from / period), Math.floor((to - 1) / period)] : [Math.ceil(from / period), Math.floor(to / period) - 1];
  return correlationSql(correlation, { first, last, judged: Number.MAX_SAFE_INTEGER }, flowEvents(correlation, rules), contextFields);
}

const shownHours = 48;
const shownSubjects = 10;
const shownSamples = 5;

async function backtestRule(rule: Rule, { from, to }: TimeRange, store: Store): Promise<string> {
  const { convertible, condition, gaps } = ruleSql(rule);
  const head = [`${rule.title} (${rule.level}, ${rule.id})`, ...gaps.map((gap) => `  left out: ${gap}`)];
  if (convertible === 'no') return [...head, '  cannot be run over stored flows'].join('\n');
  const matching = `FROM flows FINAL WHERE timestamp >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Micro({to:Int64}, 'UTC') AND ${condition}`;
  const ask = <T>(select: string, rest = ''): Promise<T[]> => store.query<T>(`SELECT ${select} ${matching} ${rest}`, { from: String(from), to: String(to) });
  const [totals] = await ask<{ records: number; flows: number; subjects: number }>('count() AS records, uniqExact(telltale_flow_id) AS flows, uniqExact(telltale_subject_ip) AS subjects');
  head.push(`  ${count(totals!.records, 'record')} of ${count(totals!.flows, 'flow')} match, of ${count(totals!.subjects, 'subject')}`);
  if (totals!.records === 0) return head.join('\n');
  const hours = await ask<{ hour: string; records: number }>("formatDateTime(toStartOfHour(timestamp), '%F %R') AS hour, count() AS records", `GROUP BY hour ORDER BY hour LIMIT ${shownHours}`);
  const subjects = await ask<{ subject: string; records: number }>('telltale_subject_ip AS subject, count() AS records', `GROUP BY subject ORDER BY records DESC, subject LIMIT ${shownSubjects}`);
  const samples = await ask<{ time: string; source: string; destination: string; path: string; id: string }>(
    "formatDateTime(timestamp, '%F %T') AS time, source_ip AS source, concat(if(destination_domain = '', destination_ip, destination_domain), ':', toString(destination_port)) AS destination, url_path AS path, event_id AS id",
    `ORDER BY timestamp, event_id LIMIT ${shownSamples}`);
  return [
    ...head,
    indent(columns(['HOUR (UTC)', 'RECORDS'], hours.map(({ hour, records }) => [hour, String(records)]))),
    indent(columns(['SUBJECT', 'RECORDS'], subjects.map(({ subject, records }) => [subject, String(records)]))),
    indent(columns(['TIME (UTC)', 'FROM', 'TO', 'PATH', 'RECORD'], samples.map(({ time, source, destination, path, id }) => [time, source, destination, path, id]))),
  ].join('\n');
}

async function backtestCorrelation(correlation: Correlation, rules: ReadonlyMap<string, Rule>, range: TimeRange, store: Store): Promise<string> {
  const gaps = gapsOf(correlation, rules);
  const head = [`${correlation.title} (${correlation.level}, ${correlation.id})`, ...gaps.all.map((gap) => `  left out: ${gap}`)];
  if (gaps.unusable) return [...head, '  cannot be run over stored flows'].join('\n');
  const rows = await store.query<CorrelationRow>(sqlOf(correlation, rules, range));
  const findings = rows.map((row) => correlationFinding(correlation, row, ''));
  const samples = findings.slice(0, shownSamples).map((finding) => `  ${finding['message']}`);
  return [...head, `  ${count(rows.length, 'window')} found, of ${count(new Set(rows.map(({ grp }) => grp.join('\0'))).size, 'group')}`, ...samples].join('\n');
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}

function print(text: string): void {
  process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n\n`);
}

/** A day, or a time in UTC: `2026-08-01`, `2026-08-01T12:00:00Z`. µs. */
export function timeOf(text: string): number {
  const millis = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?$/.test(text) ? Date.parse(text.length === 10 || text.endsWith('Z') ? text : `${text}Z`) : Number.NaN;
  if (Number.isNaN(millis)) throw new UsageError(`${text}: expected a day or a time in UTC, such as 2026-08-01 or 2026-08-01T12:00:00Z`);
  return millis * 1000;
}
