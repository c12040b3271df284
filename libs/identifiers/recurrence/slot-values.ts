import { RowList } from './row-list.ts';
import { leastPause, leastUserEvidence, near, type SampledFlow } from './sampled-flow.ts';
import { mostSubjects, none, type ValueTable } from './value-table.ts';

/** Values of one slot that are remembered. */
const maxValues = 256;

/** What stood at one slot in the flows of a protocol. A value is a row of the table. */
export class SlotValues {
  readonly table: ValueTable;
  flows = 0;
  /** Flows of subjects that had been seen before: in each of them a value of the subject's own would have recurred. */
  repeats = 0;
  /** Flows in which a value recurred. */
  recurring = 0;
  isClosed = false;
  readonly #id: number;
  readonly #counters: { forgotten: number };
  /** Values that one flow had, and those that several did. */
  readonly #once: RowList;
  readonly #again: RowList;
  #lastFlow: SampledFlow | null = null;
  #lastRecurring: SampledFlow | null = null;
  /** Another one whenever a value, a subject of one, or what speaks for one, comes or goes. */
  #version = 0;
  /** What was found when it was last looked for candidates. */
  #lookedAt = -1;
  #lookedAtSubjects = 0;
  #hasCandidate = false;

  /** @param id of this slot of this protocol, in the table */
  constructor(id: number, table: ValueTable, counters: { forgotten: number }) {
    this.#id = id;
    this.table = table;
    this.#counters = counters;
    this.#once = new RowList(table);
    this.#again = new RowList(table);
  }

  /** Takes what a payload of the flow has at the slot. */
  add(high: number, low: number, flow: SampledFlow, frame: number, micros: number): void {
    if (this.#lastFlow !== flow) {
      this.#lastFlow = flow;
      this.flows++;
      if (flow.isRepeat) this.repeats++;
    }
    const { table } = this;
    const row = table.find(this.#id, high, low);
    if (row === none) {
      if (this.#once.size + this.#again.size >= maxValues) this.#forgetOne();
      this.#once.append(table.add(this.#id, high, low, flow, frame, micros));
      this.#version++;
      return;
    }
    if (table.lastFlow[row] !== flow) this.#recurs(row, flow, frame, micros);
    if (micros > table.last[row]!) table.last[row] = micros;
  }

  /**
   * Whether a value here may behave like an identifier at all: not where there is but one, nor where each flow has another, nor where all that recur
   * are everybody's. That is most slots, and looked at again only when there is news.
   *
   * @param subjects of the protocol
   */
  mayIdentify(subjects: number): boolean {
    if (this.#again.size === 0 || this.#again.size + this.#once.size < 2 || (this.recurring < this.repeats * 0.5 && this.recurring * 2 < this.flows - 1)) return false;
    if (this.#lookedAt !== this.#version || this.#lookedAtSubjects !== subjects) {
      this.#lookedAt = this.#version;
      this.#lookedAtSubjects = subjects;
      this.#hasCandidate = this.#isAnyCandidate(subjects);
    }
    return this.#hasCandidate;
  }

  #isAnyCandidate(subjects: number): boolean {
    const { next, subjectCount, sessions, together } = this.table;
    for (let row = this.#again.first; row !== none; row = next[row]!) {
      const count = subjectCount[row]!;
      if (count === 1 ? sessions[row]! > 1 : together[row] === 1 && count !== mostSubjects && count !== subjects) return true;
    }
    return false;
  }

  /** The value, where several flows had it; else {@link none}. */
  recurrence(high: number, low: number): number {
    const row = this.table.find(this.#id, high, low);
    return row === none || this.table.flows[row] === 1 ? none : row;
  }

  /** Other values that several flows had. */
  otherRecurrences(one: number): number[] {
    const others: number[] = [];
    for (let row = this.#again.first; row !== none; row = this.table.next[row]!) if (row !== one) others.push(row);
    return others;
  }

  /** Whether in the lower four bytes of those the one that many bits from the right differs. */
  varies(byte: number, shift: number): boolean {
    for (let row = this.#again.first; row !== none; row = this.table.next[row]!) if ((this.table.low(row) >>> shift & 0xff) !== byte) return true;
    return false;
  }

  /** Nothing ever recurs here, and has had its chances: what stands here is drawn anew, or counts. */
  get isHopeless(): boolean {
    return (this.repeats >= 8 && this.recurring < this.repeats * 0.3) || (this.flows >= 64 && this.recurring < this.flows * 0.3);
  }

  /** Nothing more is remembered of it. */
  close(): void {
    this.isClosed = true;
    this.#once.clear();
    this.#again.clear();
    this.#lastFlow = this.#lastRecurring = null;
  }

  /** Whether it is its subject's own: in several flows of one, over time, while others have other ones here. The more do, the fewer flows say so. */
  isUserLike(one: number): boolean {
    const { subjectCount, sessions, first, last, flows } = this.table;
    if (subjectCount[one]! > 1 || sessions[one]! < 2 || last[one]! - first[one]! < leastPause || this.recurring < this.repeats * 0.5) return false;
    const others = this.others(one);
    return others > 0 && flows[one]! + Math.min(others, 2) >= leastUserEvidence;
  }

  /** Subjects that have another value of their own here. */
  others(one: number): number {
    const { table } = this;
    const subjects = new Set<number>();
    for (let row = this.#again.first; row !== none; row = table.next[row]!) if (table.subjectCount[row] === 1) subjects.add(table.subject(row, 0));
    subjects.delete(table.subject(one, 0));
    return subjects.size;
  }

  /**
   * Whether it is shared for a time, as that of a meeting place: several subjects have it together while others are elsewhere, and one of those
   * who have it has been elsewhere too. A version, an application id or a region stays with its subjects, and a key of the day is everybody's.
   *
   * @param subjects of the protocol
   */
  isRoomLike(one: number, subjects: number): boolean {
    const { together, subjectCount, comparedAt, mayBeRoom, isElsewhere } = this.table;
    const count = subjectCount[one]!;
    if (together[one] === 0 || count === mostSubjects || count === subjects || this.flows < 4 || this.recurring * 2 < this.flows - 1) return false;
    if (comparedAt[one] !== this.#version) {
      comparedAt[one] = this.#version;
      mayBeRoom[one] = Number(this.#hasMoved(one) && this.#isAnybodyElsewhere(one, -Infinity, Infinity));
      isElsewhere[one] = 0;
    }
    if (mayBeRoom[one] === 0) return false;
    // Times only widen: who was elsewhere then stays so.
    if (isElsewhere[one] === 0) isElsewhere[one] = Number(this.#isAnybodyElsewhere(one, this.table.first[one]! - near, this.table.until(one) + near));
    return isElsewhere[one] === 1;
  }

  /** Whether one of its subjects has had another value too. */
  #hasMoved(one: number): boolean {
    const { table } = this;
    for (let row = this.#again.first; row !== none; row = table.next[row]!) if (row !== one && table.isAnySubjectOf(row, one)) return true;
    return false;
  }

  /** Whether a subject that never had it had another value between these times. */
  #isAnybodyElsewhere(one: number, from: number, until: number): boolean {
    const { table } = this;
    for (const { first } of [this.#again, this.#once]) {
      for (let row = first; row !== none; row = table.next[row]!) {
        if (row !== one && table.first[row]! <= until && table.until(row) >= from && !table.areAllSubjectsOf(row, one)) return true;
      }
    }
    return false;
  }

  /** Subjects that had other values about the time in which it was shared, and never this one. */
  elsewhere(one: number): number {
    const { table } = this;
    const from = table.first[one]! - near;
    const until = table.until(one) + near;
    const subjects = new Set<number>();
    for (const { first } of [this.#again, this.#once]) {
      for (let row = first; row !== none; row = table.next[row]!) {
        if (row === one || table.first[row]! > until || table.until(row) < from) continue;
        for (let i = 0; i < table.subjectCount[row]!; i++) subjects.add(table.subject(row, i));
      }
    }
    for (let i = 0; i < table.subjectCount[one]!; i++) subjects.delete(table.subject(one, i));
    return subjects.size;
  }

  #recurs(row: number, flow: SampledFlow, frame: number, micros: number): void {
    if (this.table.flows[row] === 1) {
      this.#once.remove(row);
      this.#again.append(row);
      this.#version++;
    }
    if (this.table.again(row, flow, frame, micros)) this.#version++;
    if (this.#lastRecurring === flow) return;
    this.#lastRecurring = flow;
    this.recurring++;
  }

  /** Makes room: the oldest value that never recurred, else the one that recurred first. */
  #forgetOne(): void {
    const list = this.#once.size > 0 ? this.#once : this.#again;
    const oldest = list.first;
    list.remove(oldest);
    this.table.remove(oldest);
    this.#counters.forgotten++;
    this.#version++;
  }
}
