import { doubled } from '#capture';
import { leastPause, leastUserEvidence, near, type PayloadOrigin, type SampledFlow } from './sampled-flow.ts';
import { mostSubjects, mostSubjectsOfAll, none, type ValueTable } from './value-table.ts';

/** Values remembered per slot. */
const maxValues = 256;

const leastRows = 1024;
/** Words per row: one cache line. */
const words = 16;
/** Flows with a payload that has a field at the slot. */
const FLOWS = 0;
/** Flows of subjects seen before: in each of them, a value that belongs to the subject would have recurred. */
const REPEATS = 1;
/** Flows in which a value recurred. */
const RECURRING = 2;
/** Number of the last flow, and of the last flow in which a value recurred. */
const LAST_FLOW = 3;
const LAST_RECURRING = 4;
/** Incremented whenever a value, one of its subjects, or its evidence changes. */
const VERSION = 5;
/** Version and number of subjects at which a value that may be an identifier was last searched for, and the row found. */
const LOOKED_AT = 6;
const LOOKED_AT_SUBJECTS = 7;
const CANDIDATE = 8;
const IS_CLOSED = 9;
/** Two linked lists, of values seen in one flow and of values seen in several: first row, last row, size. */
const ONCE = 10;
const AGAIN = 13;
const FIRST = 0;
const LAST = 1;
const SIZE = 2;
const lists = [AGAIN, ONCE] as const;

/**
 * The values seen at the slots of all protocols. Each slot is a row of numbers, and so is each value in its table: a payload has about a hundred of
 * them, and neighbouring bytes use neighbouring rows.
 */
export class SlotTable {
  readonly values: ValueTable;
  readonly #counters: { forgotten: number };
  #rows = new Int32Array(leastRows * words);
  readonly #free: number[] = [];
  /** Rows from here on were never used. */
  #end = 0;
  /** By subject, the round in which it was last marked. */
  readonly #marks = new Int32Array(mostSubjectsOfAll);
  #round = 0;

  constructor(values: ValueTable, counters: { forgotten: number }) {
    this.values = values;
    this.#counters = counters;
  }

  /** Allocates an empty slot. */
  open(): number {
    const slot = this.#free.pop() ?? this.#end++;
    if (slot * words === this.#rows.length) this.#rows = new Int32Array(doubled(this.#rows));
    const at = slot * words;
    this.#rows.fill(0, at, at + words);
    this.#rows[at + LOOKED_AT] = this.#rows[at + CANDIDATE] = none;
    this.#empty(at + ONCE);
    this.#empty(at + AGAIN);
    return slot;
  }

  /** Drops all values of the slot and accepts no more. */
  close(slot: number): void {
    const at = slot * words;
    this.#rows[at + IS_CLOSED] = 1;
    this.#clear(at + ONCE);
    this.#clear(at + AGAIN);
  }

  /** Like {@link close}, and frees the row for another slot. */
  release(slot: number): void {
    this.close(slot);
    this.#free.push(slot);
  }

  /** Records a value that a payload of the flow has at the slot, unless the slot is closed. Closes the slot once it is hopeless. */
  add(slot: number, high: number, low: number, flow: SampledFlow, sample: PayloadOrigin): void {
    const rows = this.#rows;
    const at = slot * words;
    if (rows[at + IS_CLOSED] === 1) return;
    if (rows[at + LAST_FLOW] !== flow.number) {
      rows[at + LAST_FLOW] = flow.number;
      rows[at + FLOWS]!++;
      if (flow.isRepeat) rows[at + REPEATS]!++;
    }
    const { values } = this;
    const row = values.find(slot, high, low);
    if (row === none) {
      if (rows[at + ONCE + SIZE]! + rows[at + AGAIN + SIZE]! >= maxValues) this.#forgetOne(at);
      this.#append(at + ONCE, values.add(slot, high, low, flow, sample));
      rows[at + VERSION]!++;
    } else {
      if (values.lastFlow[row] !== flow) this.#recurs(at, row, flow, sample);
      if (sample.micros > values.last[row]!) values.last[row] = sample.micros;
    }
    if (this.#isHopeless(at)) this.close(slot);
  }

  /** Whether values recurred in more than one flow. */
  hasRecurred(slot: number): boolean {
    return this.#rows[slot * words + IS_CLOSED] === 0 && this.#rows[slot * words + RECURRING]! > 1;
  }

  /**
   * Whether any value here can behave like an identifier. Not if there is only one value, if each flow has a different one, or if all recurring
   * values are shared by everybody. That rules out most slots, and is evaluated again only after changes.
   *
   * @param subjects number of subjects of the protocol
   */
  mayIdentify(slot: number, subjects: number): boolean {
    const rows = this.#rows;
    const at = slot * words;
    const again = rows[at + AGAIN + SIZE]!;
    if (again === 0 || again + rows[at + ONCE + SIZE]! < 2) return false;
    const recurring = rows[at + RECURRING]!;
    if (recurring < rows[at + REPEATS]! * 0.5 && recurring * 2 < rows[at + FLOWS]! - 1) return false;
    if (rows[at + LOOKED_AT] !== rows[at + VERSION] || rows[at + LOOKED_AT_SUBJECTS] !== subjects) {
      rows[at + LOOKED_AT] = rows[at + VERSION]!;
      rows[at + LOOKED_AT_SUBJECTS] = subjects;
      const candidate = rows[at + CANDIDATE]!;
      const isStill = candidate !== none && this.values.slot(candidate) === slot && this.#isCandidate(candidate, subjects);
      if (!isStill) rows[at + CANDIDATE] = this.#candidate(at, subjects);
    }
    return rows[at + CANDIDATE] !== none;
  }

  #candidate(at: number, subjects: number): number {
    const { next } = this.values;
    let row = this.#rows[at + AGAIN + FIRST]!;
    while (row !== none && !this.#isCandidate(row, subjects)) row = next[row]!;
    return row;
  }

  #isCandidate(row: number, subjects: number): boolean {
    const { subjectCount, inSessions, together } = this.values;
    const count = subjectCount[row]!;
    return count === 1 ? inSessions[row] === 1 : together[row] === 1 && count !== mostSubjects && count !== subjects;
  }

  /** Row of the value if several flows had it, else {@link none}. */
  recurrence(slot: number, high: number, low: number): number {
    const row = this.values.find(slot, high, low);
    return row === none || this.values.flows[row] === 1 ? none : row;
  }

  /** Rows of the other values that several flows had. */
  otherRecurrences(slot: number, one: number): number[] {
    const others: number[] = [];
    for (let row = this.#again(slot); row !== none; row = this.values.next[row]!) if (row !== one) others.push(row);
    return others;
  }

  /** Whether a value that several flows had differs from `byte` in the byte at bit `shift` of its lower 32 bits. */
  varies(slot: number, byte: number, shift: number): boolean {
    const { values } = this;
    for (let row = this.#again(slot); row !== none; row = values.next[row]!) if ((values.low(row) >>> shift & 0xff) !== byte) return true;
    return false;
  }

  /**
   * Whether the value belongs to its subject: it occurs in several flows of one subject, over time, while other subjects have other values here. The
   * more of these there are (up to two), the fewer flows are needed.
   */
  isUserLike(slot: number, one: number): boolean {
    const { subjectCount, inSessions, first, last, flows } = this.values;
    const at = slot * words;
    if (
      subjectCount[one]! > 1 ||
      inSessions[one] === 0 ||
      last[one]! - first[one]! < leastPause ||
      this.#rows[at + RECURRING]! < this.#rows[at + REPEATS]! * 0.5
    )
      return false;
    const others = this.others(slot, one);
    return others > 0 && flows[one]! + Math.min(others, 2) >= leastUserEvidence;
  }

  /** Number of other subjects that have a value of their own here. */
  others(slot: number, one: number): number {
    const { values } = this;
    this.#mark(one);
    let others = 0;
    for (let row = this.#again(slot); row !== none; row = values.next[row]!) if (values.subjectCount[row] === 1) others += this.#markNew(row);
    return others;
  }

  /**
   * Whether the value is shared temporarily, like that of a meeting place: several subjects have it together while others have different values, and
   * one of those who have it has had another value too. A version, an application id or a region stays with its subjects, and a key of the day is
   * shared by everybody.
   *
   * @param subjects number of subjects of the protocol
   */
  isRoomLike(slot: number, one: number, subjects: number): boolean {
    const { together, subjectCount, comparedAt, mayBeRoom, isElsewhere, first } = this.values;
    const rows = this.#rows;
    const at = slot * words;
    const count = subjectCount[one]!;
    if (
      together[one] === 0 ||
      count === mostSubjects ||
      count === subjects ||
      rows[at + FLOWS]! < 4 ||
      rows[at + RECURRING]! * 2 < rows[at + FLOWS]! - 1
    )
      return false;
    if (comparedAt[one] !== rows[at + VERSION]) {
      comparedAt[one] = rows[at + VERSION]!;
      mayBeRoom[one] = Number(this.#hasMoved(slot, one) && this.#isAnybodyElsewhere(slot, one, -Infinity, Infinity));
      isElsewhere[one] = 0;
    }
    if (mayBeRoom[one] === 0) return false;
    // The time range only widens: a subject that was elsewhere remains so.
    if (isElsewhere[one] === 0) isElsewhere[one] = Number(this.#isAnybodyElsewhere(slot, one, first[one]! - near, this.values.until(one) + near));
    return isElsewhere[one] === 1;
  }

  /** Whether one of its subjects has also had another value that recurred. */
  #hasMoved(slot: number, one: number): boolean {
    const { values } = this;
    this.#mark(one);
    for (let row = this.#again(slot); row !== none; row = values.next[row]!) if (row !== one && this.#marked(row) > 0) return true;
    return false;
  }

  /** Whether a subject that never had this value had another one between these times, µs. */
  #isAnybodyElsewhere(slot: number, one: number, from: number, until: number): boolean {
    const { values } = this;
    this.#mark(one);
    for (const list of lists) {
      for (let row = this.#rows[slot * words + list + FIRST]!; row !== none; row = values.next[row]!) {
        if (row !== one && this.#marked(row) < values.subjectCount[row]! && values.first[row]! <= until && values.until(row) >= from) return true;
      }
    }
    return false;
  }

  /** Number of subjects that had other values around the time in which this one was shared, and never this one. */
  elsewhere(slot: number, one: number): number {
    const { values } = this;
    const from = values.first[one]! - near;
    const until = values.until(one) + near;
    this.#mark(one);
    let elsewhere = 0;
    for (const list of lists) {
      for (let row = this.#rows[slot * words + list + FIRST]!; row !== none; row = values.next[row]!) {
        if (row !== one && values.first[row]! <= until && values.until(row) >= from) elsewhere += this.#markNew(row);
      }
    }
    return elsewhere;
  }

  /** Marks exactly the subjects that have the value. */
  #mark(one: number): void {
    this.#round = (this.#round + 1) | 0;
    for (let i = 0; i < this.values.subjectCount[one]!; i++) this.#marks[this.values.subject(one, i)] = this.#round;
  }

  /** Number of subjects of the value that are marked. */
  #marked(row: number): number {
    let marked = 0;
    for (let i = 0; i < this.values.subjectCount[row]!; i++) if (this.#marks[this.values.subject(row, i)] === this.#round) marked++;
    return marked;
  }

  /** Marks the subjects of the value that are not marked yet, and returns how many those were. */
  #markNew(row: number): number {
    let marked = 0;
    for (let i = 0; i < this.values.subjectCount[row]!; i++) {
      const subject = this.values.subject(row, i);
      if (this.#marks[subject] === this.#round) continue;
      this.#marks[subject] = this.#round;
      marked++;
    }
    return marked;
  }

  #recurs(at: number, row: number, flow: SampledFlow, sample: PayloadOrigin): void {
    const rows = this.#rows;
    if (this.values.flows[row] === 1) {
      this.#remove(at + ONCE, row);
      this.#append(at + AGAIN, row);
      rows[at + VERSION]!++;
    }
    if (this.values.again(row, flow, sample)) rows[at + VERSION]!++;
    if (rows[at + LAST_RECURRING] === flow.number) return;
    rows[at + LAST_RECURRING] = flow.number;
    rows[at + RECURRING]!++;
  }

  /** Whether hardly anything recurs here despite ample opportunity: the values are random in each flow, or counters. */
  #isHopeless(at: number): boolean {
    const rows = this.#rows;
    const recurring = rows[at + RECURRING]!;
    return (rows[at + REPEATS]! >= 8 && recurring < rows[at + REPEATS]! * 0.3) || (rows[at + FLOWS]! >= 64 && recurring < rows[at + FLOWS]! * 0.3);
  }

  /** Evicts a value: the oldest that never recurred, or else the one that recurred first. */
  #forgetOne(at: number): void {
    const list = this.#rows[at + ONCE + SIZE]! > 0 ? at + ONCE : at + AGAIN;
    const oldest = this.#rows[list + FIRST]!;
    this.#remove(list, oldest);
    this.values.remove(oldest);
    this.#counters.forgotten++;
    this.#rows[at + VERSION]!++;
  }

  /** First row of the values that several flows had. */
  #again(slot: number): number {
    return this.#rows[slot * words + AGAIN + FIRST]!;
  }

  #empty(list: number): void {
    this.#rows[list + FIRST] = this.#rows[list + LAST] = none;
    this.#rows[list + SIZE] = 0;
  }

  #append(list: number, row: number): void {
    const rows = this.#rows;
    const { next, previous } = this.values;
    const last = rows[list + LAST]!;
    next[row] = none;
    previous[row] = last;
    if (last === none) rows[list + FIRST] = row;
    else next[last] = row;
    rows[list + LAST] = row;
    rows[list + SIZE]!++;
  }

  #remove(list: number, row: number): void {
    const rows = this.#rows;
    const { next, previous } = this.values;
    const [before, after] = [previous[row]!, next[row]!];
    if (before === none) rows[list + FIRST] = after;
    else next[before] = after;
    if (after === none) rows[list + LAST] = before;
    else previous[after] = before;
    rows[list + SIZE]!--;
  }

  /** Removes all values of the list from the value table. */
  #clear(list: number): void {
    for (let row = this.#rows[list + FIRST]!; row !== none;) {
      const next = this.values.next[row]!;
      this.values.remove(row);
      row = next;
    }
    this.#empty(list);
  }
}
