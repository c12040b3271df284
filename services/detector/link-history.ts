import { columnOf, createFlowRecord, type FlowRecord } from '#flow';
import { BoundedCache } from '#geo';
import { linkWindowMicros, type Linkability } from './linkability.ts';
import type { Query } from './scheduled-detections.ts';

/** A process that begins to follow a subject may report links again that were reported longer ago than this (µs). */
const toldMicros = 86_400_000_000;
/** Parameters are sent in the URL, whose length servers limit. */
const subjectsPerQuery = 500;
/**
 * Subjects that are queried together begin within this time (µs), since the store is sorted by time: a batch may hold current records next to
 * those of a capture from years ago, and one query for both would read everything stored in between.
 */
const spanMicros = 3_600_000_000;
/** Most queries per batch; subjects whose times are spread more widely than that probably have wrong clocks. */
const mostQuestions = 64;
/** Most rows of an answer that are read; beyond that, those of the earlier records are ignored. */
const mostRowsPerAnswer = 100_000;

const plain = ['event.id', 'telltale.flow.id', 'telltale.subject.ip', 'telltale.peer.ip', 'source.ip', 'destination.ip'] as const;
const members = ['kind', 'path', 'encoding', 'visibility', 'confidence', 'mask', 'token', 'sender', 'frame', 'watchlist'] as const;

type PastRow = Record<(typeof plain)[number], string> & { micros: string; local: number } & Record<(typeof members)[number], (string | number)[]>;
interface ToldRow { record: string; subject: string; peer: string; local: number; tokens: string[] }

/** The earliest record of a subject in a batch. */
interface Beginning {
  micros: number;
  /** Flows that began before the window. */
  readonly longFlows: Set<string>;
}

export interface LinkHistoryCounters {
  recalledSubjects: number;
  recalledRecords: number;
  /** Answers cut at the bound of rows, and subjects that were not queried. */
  recallsCut: number;
}

/**
 * Links depend on the identifiers of a subject in the last minutes, which are in the memory of the process that read them. A process that reads
 * a subject's records for the first time, because it has just started or because another one has died, queries the store for earlier ones:
 * an offset advances only after its records are stored, so nothing is missing there.
 */
export class LinkHistory {
  readonly #query: Query;
  readonly #counters: LinkHistoryCounters;
  readonly #rememberedSubjects: number;
  readonly #mostRows: number;
  /** Subjects whose records have all been read by this process since the store was queried. */
  #followed: BoundedCache<true>;

  /** @param bounds `rememberedSubjects`: as many as {@link Linkability} remembers */
  constructor(query: Query, counters: LinkHistoryCounters, { rememberedSubjects = 65_536, mostRows = mostRowsPerAnswer } = {}) {
    this.#query = query;
    this.#counters = counters;
    this.#rememberedSubjects = rememberedSubjects;
    this.#mostRows = mostRows;
    this.#followed = new BoundedCache(rememberedSubjects);
  }

  /** To be called when other processes may have read records in between, of subjects that are then assigned to this one again. */
  forget(): void {
    this.#followed = new BoundedCache(this.#rememberedSubjects);
  }

  /** Passes earlier records of subjects that are new here to `linkability`. Rejects if the store does not answer. */
  async recall(batch: readonly FlowRecord[], linkability: Linkability, linkRules: readonly string[]): Promise<void> {
    const followed = this.#followed;
    const beginnings = this.#newSubjects(batch, followed);
    let questions = 0;
    for (const together of nearInTime(beginnings)) {
      if (questions++ < mostQuestions) await this.#recallSome(together, batch, linkability, linkRules);
      else this.#counters.recallsCut += together.size;
      for (const subject of together.keys()) followed.set(subject, true);
    }
    this.#counters.recalledSubjects += beginnings.size;
  }

  /** Subjects with identifiers, and when they begin; without an identifier of its own, a record completes no link. */
  #newSubjects(batch: readonly FlowRecord[], followed: BoundedCache<true>): Map<string, Beginning> {
    const beginnings = new Map<string, Beginning>();
    for (const record of batch) {
      const subject = record['telltale.subject.ip'];
      if (record['telltale.observables'].length === 0 || followed.get(subject) !== undefined) continue;
      const micros = record['@timestamp'];
      let beginning = beginnings.get(subject);
      if (beginning === undefined) beginnings.set(subject, beginning = { micros, longFlows: new Set() });
      beginning.micros = Math.min(beginning.micros, micros);
      if (record['event.start'] !== 0 && micros - record['event.start'] > linkWindowMicros) beginning.longFlows.add(record['telltale.flow.id']);
    }
    return beginnings;
  }

  async #recallSome(
    beginnings: ReadonlyMap<string, Beginning>, batch: readonly FlowRecord[], linkability: Linkability, linkRules: readonly string[],
  ): Promise<void> {
    const times = [...beginnings.values()].map(({ micros }) => micros);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    const subjects = [...beginnings.keys()];
    const past = await this.#ask<PastRow>(
      `${selectPast} WHERE ${columnOf('telltale.subject.ip')} IN {subjects:Array(String)} AND timestamp >= fromUnixTimestamp64Micro({from:Int64})
        AND timestamp <= fromUnixTimestamp64Micro({to:Int64}) ${endOfPast}`,
      { subjects, from: String(first - linkWindowMicros), to: String(last) },
    );
    const longFlows = new Set([...beginnings.values()].flatMap((beginning) => [...beginning.longFlows]));
    if (longFlows.size > 0) past.push(...await this.#pastOfFlows(longFlows, batch));
    const isOfBatch = new Set(batch.map((record) => record['event.id']));
    for (const row of past.toSorted((a, b) => Number(a.micros) - Number(b.micros))) {
      // Only what precedes the batch counts: not its own records, and not later ones.
      if (isOfBatch.has(row['event.id']) || Number(row.micros) > beginnings.get(row['telltale.subject.ip'])!.micros) continue;
      linkability.link(recordOf(row), row.local === 1);
      this.#counters.recalledRecords += 1;
    }
    if (linkRules.length === 0) return;
    const told = await this.#ask<ToldRow>(selectTold, { subjects, rules: linkRules, from: String(first - toldMicros), to: String(last) });
    // The latest report of a pair counts.
    for (const { record, subject, peer, local, tokens } of told.toReversed()) linkability.remember(subject, local === 1 ? peer : '', tokens, record);
  }

  /** All identifiers of a flow count, however long ago they were seen. */
  #pastOfFlows(flows: ReadonlySet<string>, batch: readonly FlowRecord[]): Promise<PastRow[]> {
    const starts = batch.filter((record) => flows.has(record['telltale.flow.id'])).map((record) => record['event.start']);
    return this.#ask<PastRow>(
      `${selectPast} WHERE telltale_flow_id IN {flows:Array(String)} AND event_start >= fromUnixTimestamp64Micro({from:Int64})
        AND event_start <= fromUnixTimestamp64Micro({to:Int64}) ${endOfPast}`,
      { flows: [...flows], from: String(Math.min(...starts)), to: String(Math.max(...starts)) },
    );
  }

  /** The latest rows of the answer; cutting it is counted. */
  async #ask<Row>(sql: string, parameters: Readonly<Record<string, unknown>>): Promise<Row[]> {
    const rows = await this.#query<Row>(sql, { ...parameters, mostRows: this.#mostRows + 1 });
    if (rows.length <= this.#mostRows) return rows;
    this.#counters.recallsCut += 1;
    return rows.slice(0, this.#mostRows);
  }
}

/** Groups subjects by time, for one query each. */
function* nearInTime(beginnings: ReadonlyMap<string, Beginning>): Generator<ReadonlyMap<string, Beginning>> {
  let together = new Map<string, Beginning>();
  let first = 0;
  for (const [subject, beginning] of [...beginnings].toSorted(([, a], [, b]) => a.micros - b.micros)) {
    if (together.size === subjectsPerQuery || (together.size > 0 && beginning.micros - first > spanMicros)) {
      yield together;
      together = new Map();
    }
    if (together.size === 0) first = beginning.micros;
    together.set(subject, beginning);
  }
  if (together.size > 0) yield together;
}

const selectPast = `SELECT ${plain.map((name) => `${columnOf(name)} AS "${name}"`).join(', ')}, toString(toUnixTimestamp64Micro(timestamp)) AS micros,
  telltale_peer_unlocated = 'local' AS local, ${members.map((member) => `telltale_observables.${member} AS "${member}"`).join(', ')} FROM flows`;
const endOfPast = `AND notEmpty(telltale_observables.kind)
  ORDER BY timestamp DESC, telltale_flow_sequence DESC LIMIT 1 BY event_id LIMIT {mostRows:UInt32}`;

const selectTold = `SELECT telltale_record_id AS record, telltale_subject_ip AS subject, telltale_peer_ip AS peer,
  telltale_peer_unlocated = 'local' AS local,
  arrayConcat([telltale_observable_token], arrayMap(related -> splitByChar('=', related)[2], telltale_observables_related)) AS tokens
  FROM findings WHERE rule_id IN {rules:Array(String)} AND telltale_subject_ip IN {subjects:Array(String)}
    AND timestamp >= fromUnixTimestamp64Micro({from:Int64}) AND timestamp <= fromUnixTimestamp64Micro({to:Int64})
  ORDER BY timestamp DESC LIMIT 1 BY event_id LIMIT {mostRows:UInt32}`;

function recordOf(row: PastRow): FlowRecord {
  const record = createFlowRecord();
  for (const name of plain) record[name] = row[name];
  record['@timestamp'] = Number(row.micros);
  const observable = (i: number): unknown => Object.fromEntries(members.map((member) => [member, row[member][i]]));
  record['telltale.observables'] = row.kind.map((_, i) => observable(i) as FlowRecord['telltale.observables'][number]);
  return record;
}
