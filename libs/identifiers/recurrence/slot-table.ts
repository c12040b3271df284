import { leastPause, leastUserEvidence, near, type PayloadOrigin, type SampledFlow } from './sampled-flow.ts';
import { mostSubjects, mostSubjectsOfAll, none, type ValueTable } from './value-table.ts';

/** Values of one slot that are remembered. */
const maxValues = 256;

const leastRows = 1024;
/** Words of a row: a cache line. */
const words = 16;
/** Flows with a payload that reaches to the slot. */
const FLOWS = 0;
/** Flows of subjects that had been seen before: in each of them a value of the subject's own would have recurred. */
const REPEATS = 1;
/** Flows in which a value recurred. */
const RECURRING = 2;
/** The flows that came last, by their numbers. */
const LAST_FLOW = 3;
const LAST_RECURRING = 4;
/** Another one whenever a value, a subject of one, or what speaks for one, comes or goes. */
const VERSION = 5;
/** By which version a value was last looked for that may identify somebody, and which was found. */
const LOOKED_AT = 6;
const LOOKED_AT_SUBJECTS = 7;
const CANDIDATE = 8;
const IS_CLOSED = 9;
/** Lists of values that one flow had, and of those that several did: first, last, size. */
const ONCE = 10;
const AGAIN = 13;
const FIRST = 0;
const LAST = 1;
const SIZE = 2;
const lists = [AGAIN, ONCE] as const;

/**
 * What stood at the slots of all protocols. A slot is a row of numbers, as a value is in its table: a payload brings a hundred of them, and those of
 * neighbouring bytes are neighbours.
 */
export class SlotTable {
  readonly values: ValueTable;
  readonly #counters: { forgotten: number };
  #rows = new Int32Array(leastRows * words);
  readonly #free: number[] = [];
  /** Rows from it on were never used. */
  #end = 0;
  /** By subject, the round in which it was marked last. */
  readonly #marks = new Int32Array(mostSubjectsOfAll);
  #round = 0;

  constructor(values: ValueTable, counters: { forgotten: number }) {
    this.values = values;
    this.#counters = counters;
  }

  /** A slot at which nothing stood yet. */
  open(): number {
    const slot = this.#free.pop() ?? this.#end++;
    if (slot * words === this.#rows.length) {
      const rows = new Int32Array(2 * this.#rows.length);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    const at = slot * words;
    this.#rows.fill(0, at, at + words);
    this.#rows[at + LOOKED_AT] = this.#rows[at + CANDIDATE] = none;
    this.#empty(at + ONCE);
    this.#empty(at + AGAIN);
    return slot;
  }

  /** Nothing more is remembered of it. */
  close(slot: number): void {
    const at = slot * words;
    this.#rows[at + IS_CLOSED] = 1;
    this.#clear(at + ONCE);
    this.#clear(at + AGAIN);
  }

  /** As {@link close}, and the row is another slot's next time. */
  release(slot: number): void {
    this.close(slot);
    this.#free.push(slot);
  }

  /** Takes what a payload of the flow has at the slot, unless that is closed; and closes it when it is hopeless. */
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

  /** Whether something recurred in more than one flow. */
  hasRecurred(slot: number): boolean {
    return this.#rows[slot * words + IS_CLOSED] === 0 && this.#rows[slot * words + RECURRING]! > 1;
  }

  /**
   * Whether a value here may behave like an identifier at all: not where there is but one, nor where each flow has another, nor where all that recur
   * are everybody's. That is most slots, and looked at again only when there is news.
   *
   * @param subjects of the protocol
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
    const { subjectCount, sessions, together } = this.values;
    const count = subjectCount[row]!;
    return count === 1 ? sessions[row]! > 1 : together[row] === 1 && count !== mostSubjects && count !== subjects;
  }

  /** The value, where several flows had it; else {@link none}. */
  recurrence(slot: number, high: number, low: number): number {
    const row = this.values.find(slot, high, low);
    return row === none || this.values.flows[row] === 1 ? none : row;
  }

  /** Other values that several flows had. */
  otherRecurrences(slot: number, one: number): number[] {
    const others: number[] = [];
    for (let row = this.#again(slot); row !== none; row = this.values.next[row]!) if (row !== one) others.push(row);
    return others;
  }

  /** Whether in the lower four bytes of those the one that many bits from the right differs. */
  varies(slot: number, byte: number, shift: number): boolean {
    const { values } = this;
    for (let row = this.#again(slot); row !== none; row = values.next[row]!) if ((values.low(row) >>> shift & 0xff) !== byte) return true;
    return false;
  }

  /** Whether it is its subject's own: in several flows of one, over time, while others have other ones here. The more do, the fewer flows say so. */
  isUserLike(slot: number, one: number): boolean {
    const { subjectCount, sessions, first, last, flows } = this.values;
    const at = slot * words;
    if (
      subjectCount[one]! > 1 ||
      sessions[one]! < 2 ||
      last[one]! - first[one]! < leastPause ||
      this.#rows[at + RECURRING]! < this.#rows[at + REPEATS]! * 0.5
    )
      return false;
    const others = this.others(slot, one);
    return others > 0 && flows[one]! + Math.min(others, 2) >= leastUserEvidence;
  }

  /** Subjects that have another value of their own here. */
  others(slot: number, one: number): number {
    const { values } = this;
    this.#mark(one);
    let others = 0;
    for (let row = this.#again(slot); row !== none; row = values.next[row]!) if (values.subjectCount[row] === 1) others += this.#markNew(row);
    return others;
  }

  /**
   * Whether it is shared for a time, as that of a meeting place: several subjects have it together while others are elsewhere, and one of those
   * who have it has been elsewhere too. A version, an application id or a region stays with its subjects, and a key of the day is everybody's.
   *
   * @param subjects of the protocol
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
    // Times only widen: who was elsewhere then stays so.
    if (isElsewhere[one] === 0) isElsewhere[one] = Number(this.#isAnybodyElsewhere(slot, one, first[one]! - near, this.values.until(one) + near));
    return isElsewhere[one] === 1;
  }

  /** Whether one of its subjects has had another value too. */
  #hasMoved(slot: number, one: number): boolean {
    const { values } = this;
    this.#mark(one);
    for (let row = this.#again(slot); row !== none; row = values.next[row]!) if (row !== one && this.#marked(row) > 0) return true;
    return false;
  }

  /** Whether a subject that never had it had another value between these times. */
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

  /** Subjects that had other values about the time in which it was shared, and never this one. */
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

  /** Marks the subjects that have the value, and no others. */
  #mark(one: number): void {
    this.#round = (this.#round + 1) | 0;
    for (let i = 0; i < this.values.subjectCount[one]!; i++) this.#marks[this.values.subject(one, i)] = this.#round;
  }

  /** How many subjects of the value are marked. */
  #marked(row: number): number {
    let marked = 0;
    for (let i = 0; i < this.values.subjectCount[row]!; i++) if (this.#marks[this.values.subject(row, i)] === this.#round) marked++;
    return marked;
  }

  /** Marks those that are not, and returns how many. */
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

  /** Nothing ever recurs here, and has had its chances: what stands here is drawn anew, or counts. */
  #isHopeless(at: number): boolean {
    const rows = this.#rows;
    const recurring = rows[at + RECURRING]!;
    return (rows[at + REPEATS]! >= 8 && recurring < rows[at + REPEATS]! * 0.3) || (rows[at + FLOWS]! >= 64 && recurring < rows[at + FLOWS]! * 0.3);
  }

  /** Makes room: the oldest value that never recurred, else the one that recurred first. */
  #forgetOne(at: number): void {
    const list = this.#rows[at + ONCE + SIZE]! > 0 ? at + ONCE : at + AGAIN;
    const oldest = this.#rows[list + FIRST]!;
    this.#remove(list, oldest);
    this.values.remove(oldest);
    this.#counters.forgotten++;
    this.#rows[at + VERSION]!++;
  }

  /** The first value that several flows had. */
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

  /** Removes all values of the list from their table. */
  #clear(list: number): void {
    for (let row = this.#rows[list + FIRST]!; row !== none;) {
      const next = this.values.next[row]!;
      this.values.remove(row);
      row = next;
    }
    this.#empty(list);
  }
}
