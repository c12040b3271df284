import { stat } from 'node:fs/promises';
import { contextFields, correlationSql, flowEvents, periodMicros, ruleSql, slides, type Correlation, type ParsedRules, type Rule } from '#rules';
import { openStore, type Store } from '#store';
import { correlationFinding, type CorrelationRow } from '../detector/correlation-detection.ts';
import type { RuleNames } from '../detector/packs.ts';
import { dataFolder } from '../standalone/data-folder.ts';
import { isDay } from './arguments.ts';
import { exitStatus, UnusableError, UsageError } from './command.ts';
import { count } from './leaks.ts';
import { loadRules, readPath, requireRules } from './rules-folder.ts';
import { columns, printable, widthOf } from './table.ts';

/** From when until when, µs; the end is not included. */
export interface TimeRange {
  from: number;
  to: number;
}

export interface SqlOptions {
  folder: string;
  names: RuleNames;
  /** Id, name or title of the only rule to convert. */
  only: string | undefined;
}

/** Columns that a converted rule selects. */
const converted = ['timestamp', 'telltale_flow_id', 'source_ip', 'destination_ip', 'destination_port', 'destination_domain', 'event_id'];

/** Prints rules as ClickHouse's SQL over stored flows, correlations with the time range in it. */
export async function convertRules(options: SqlOptions, range: TimeRange): Promise<number> {
  const { rules, correlations, all } = await chosen(options);
  for (const rule of rules) {
    const { convertible, condition, gaps } = ruleSql(rule);
    const head = heading(rule, gaps);
    if (convertible === 'no') print(`${head}\n-- not convertible`);
    else print(`${head}\nSELECT ${converted.join(', ')}\nFROM flows FINAL\nWHERE ${condition}\nORDER BY timestamp`);
  }
  for (const correlation of correlations) {
    const gaps = gapsOf(correlation, all);
    print(`${heading(correlation, gaps.all)}\n${gaps.unusable ? '-- not convertible' : sqlOf(correlation, all, range)}`);
  }
  return exitStatus.ok;
}

/** Reports what rules would have found in stored flows. */
export async function backtestRules(options: SqlOptions, range: TimeRange, store: { url: string } | { data: string }): Promise<number> {
  const { rules, correlations, all } = await chosen(options);
  await using opened = await openStore('url' in store ? store : { path: await existingStore(store.data) });
  if ('data' in store) await opened.migrate();
  const stored = await storedIn(range, opened).catch((error: Error) => {
    throw 'url' in store ? new Error(`${new URL(store.url).host}: ${error.message}`) : error;
  });
  print(stored.text);
  if (stored.isEmpty) return exitStatus.ok;
  for (const rule of rules) print(await backtestRule(rule, range, opened));
  for (const correlation of correlations) print(await backtestCorrelation(correlation, all, range, opened));
  return exitStatus.ok;
}

/** Opening a folder without a store would make one, and say that it has no flows. */
async function existingStore(data: string): Promise<string> {
  const { clickhouse } = dataFolder(data);
  const isThere = await stat(clickhouse).then((found) => found.isDirectory(), () => false);
  if (!isThere) throw new UnusableError(`${data}: nothing is stored there. Name the data folder of telltale up, or of telltale scan --data.`);
  return clickhouse;
}

const inRange = "timestamp >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Micro({to:Int64}, 'UTC')";

/** How much is stored for the time range, so that "nothing found" can be told from "nothing stored". */
async function storedIn({ from, to }: TimeRange, store: Store): Promise<{ isEmpty: boolean; text: string }> {
  const time = (micros: string): string => `formatDateTime(${micros}, '%F %T')`;
  const [found] = await store.query<{ records: number; flows: number; first: string; last: string }>(
    `SELECT count() AS records, uniqExact(telltale_flow_id) AS flows, ${time('min(timestamp)')} AS first, ${time('max(timestamp)')} AS last
      FROM flows FINAL WHERE ${inRange}`,
    { from: String(from), to: String(to) },
  );
  const { records, flows, first, last } = found!;
  if (records === 0) return { isEmpty: true, text: 'No flows of this time are stored.' };
  return { isEmpty: false, text: `${count(records, 'record')} of ${count(flows, 'flow')} are stored of this time, from ${first} to ${last} UTC.` };
}

interface ChosenRules extends Pick<ParsedRules, 'rules' | 'correlations'> {
  /** All rules by id, including those that were not selected. */
  all: ReadonlyMap<string, Rule>;
}

async function chosen({ folder, names, only }: SqlOptions): Promise<ChosenRules> {
  const { rules, correlations } = await loadRules(await readPath(folder), names);
  requireRules(folder, rules, correlations);
  const isMeant = ({ id, name, title }: Rule | Correlation): boolean => only === undefined || [id, name, title].includes(only);
  const found = { rules: rules.filter(isMeant), correlations: correlations.filter(isMeant), all: new Map(rules.map((rule) => [rule.id, rule])) };
  if (found.rules.length + found.correlations.length === 0) throw new UsageError(`no rule has the id, name or title ${JSON.stringify(only)}`);
  return found;
}

function heading({ title, level, id }: Rule | Correlation, gaps: readonly string[]): string {
  return [`-- ${title} (${level}, ${id})`, ...gaps.map((gap) => `-- left out: ${gap}`)].join('\n');
}

function gapsOf(correlation: Correlation, rules: ReadonlyMap<string, Rule>): { all: string[]; unusable: boolean } {
  const parts = [...correlation.hitFields.keys()].map((id) => ruleSql(rules.get(id)!));
  return {
    all: [...new Set([...correlation.gaps, ...parts.flatMap(({ gaps }) => gaps)])],
    unusable: correlation.evaluable === 'no' || parts.some(({ convertible }) => convertible === 'no'),
  };
}

function sqlOf(correlation: Correlation, rules: ReadonlyMap<string, Rule>, { from, to }: TimeRange): string {
  const period = periodMicros(correlation);
  // A fixed period counts when all of it lies in the range.
  const [first, last] = slides(correlation)
    ? [Math.floor(from / period), Math.floor((to - 1) / period)]
    : [Math.ceil(from / period), Math.floor(to / period) - 1];
  return correlationSql(correlation, { first, last, judged: Number.MAX_SAFE_INTEGER }, flowEvents(correlation, rules), contextFields);
}

const shownHours = 48;
const shownSubjects = 10;
const shownSamples = 5;

async function backtestRule(rule: Rule, { from, to }: TimeRange, store: Store): Promise<string> {
  const { convertible, condition, gaps } = ruleSql(rule);
  const head = [`${rule.title} (${rule.level}, ${rule.id})`, ...gaps.map((gap) => `  left out: ${gap}`)];
  if (convertible === 'no') return [...head, '  it cannot be run over stored flows'].join('\n');
  const matching = `FROM flows FINAL WHERE ${inRange} AND ${condition}`;
  const parameters = { from: String(from), to: String(to) };
  const ask = <T>(select: string, rest = ''): Promise<T[]> => store.query<T>(`SELECT ${select} ${matching} ${rest}`, parameters);
  const [totals] = await ask<Totals>(`count() AS records, uniqExact(telltale_flow_id) AS flows, uniqExact(telltale_subject_ip) AS subjects,
    uniqExact(toStartOfHour(timestamp)) AS hours`);
  const { records, flows, subjects, hours } = totals!;
  head.push(`  ${count(records, 'record')} of ${count(flows, 'flow')} and ${count(subjects, 'subject')} match`);
  if (records === 0) return head.join('\n');
  const counted = (name: string, order: string): Promise<Counted[]> => ask(`${name} AS name, count() AS records`, `GROUP BY name ORDER BY ${order}`);
  const byHour = await counted("formatDateTime(toStartOfHour(timestamp), '%F %R')", `name LIMIT ${shownHours}`);
  const bySubject = await counted('telltale_subject_ip', `records DESC, name LIMIT ${shownSubjects}`);
  const samples = await ask<Record<(typeof sampled)[number], string>>(
    `formatDateTime(timestamp, '%F %T') AS time, source_ip AS source,
      concat(if(destination_domain = '', destination_ip, destination_domain), ':', toString(destination_port)) AS destination,
      url_path AS path, event_id AS id`,
    `ORDER BY timestamp, event_id LIMIT ${shownSamples}`);
  return [
    ...head,
    ...countedTable('HOUR (UTC)', byHour, hours),
    ...countedTable('SUBJECT', bySubject, subjects),
    indent(columns(['TIME (UTC)', 'FROM', 'TO', 'PATH', 'RECORD'], samples.map((sample) => sampled.map((name) => sample[name])), width())),
  ].join('\n');
}

interface Totals { records: number; flows: number; subjects: number; hours: number }
interface Counted { name: string; records: number }
const sampled = ['time', 'source', 'destination', 'path', 'id'] as const;

/** A table of counts, with how many more rows there are. */
function countedTable(title: string, shown: readonly Counted[], all: number): string[] {
  const table = indent(columns([title, 'RECORDS'], shown.map(({ name, records }) => [name, String(records)]), width()));
  return all > shown.length ? [table, `    … and ${all - shown.length} more`] : [table];
}

async function backtestCorrelation(correlation: Correlation, rules: ReadonlyMap<string, Rule>, range: TimeRange, store: Store): Promise<string> {
  const gaps = gapsOf(correlation, rules);
  const head = [`${correlation.title} (${correlation.level}, ${correlation.id})`, ...gaps.all.map((gap) => `  left out: ${gap}`)];
  if (gaps.unusable) return [...head, '  it cannot be run over stored flows'].join('\n');
  const rows = await store.query<CorrelationRow>(sqlOf(correlation, rules, range));
  const findings = rows.map((row) => correlationFinding(correlation, row, ''));
  const samples = findings.slice(0, shownSamples).map((finding) => `  ${finding['message']}`);
  const groups = new Set(rows.map(({ grp }) => grp.join('\0'))).size;
  return [...head, `  ${count(rows.length, 'window')} found, of ${count(groups, 'group')}`, ...samples].join('\n');
}

const indentation = '    ';

function indent(text: string): string {
  return text.replace(/^/gm, indentation);
}

/** Of a table that is indented. */
function width(): number {
  return widthOf(process.stdout) - indentation.length;
}

function print(text: string): void {
  process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n\n`);
}

/** A day, or a time in UTC: `2026-08-01`, `2026-08-01T12:00:00Z`. µs. */
export function timeOf(text: string): number {
  const isTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?$/.test(text);
  const millis = isTime ? Date.parse(text.length === 10 || text.endsWith('Z') ? text : `${text}Z`) : Number.NaN;
  if (Number.isNaN(millis) || !isDay(text.slice(0, 10))) throw new UsageError(`${text}: expected a day or a time in UTC, such as 2026-08-01 or 2026-08-01T12:00:00Z`);
  return millis * 1000;
}
