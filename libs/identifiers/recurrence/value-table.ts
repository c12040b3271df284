import { randomInt } from 'node:crypto';
import { doubled } from '#capture';
import { leastPause, near, type PayloadOrigin, type SampledFlow } from './sampled-flow.ts';

/** Bound on the subjects of all protocols together. Within a protocol, subjects are numbered with 16 bits. */
export const mostSubjectsOfAll = 65_535;
/** Denotes that there is no row. */
export const none = -1;
/** Subjects distinguished per value; a value with more belongs to the protocol. */
export const mostSubjects = 16;
const mostEvidence = 4;
const leastRows = 1024;
const keyWords = 4;

/**
 * Values at slots, and where they were seen: a hash table whose rows are spread over typed arrays. There are a hundred thousand rows, which as
 * objects would take a good part of the probe's heap.
 */
export class ValueTable {
  size = 0;
  /** Neighbours in the list that contains the row; of a free row, `next` is the next free row. */
  next = new Int32Array(leastRows);
  previous = new Int32Array(leastRows);
  flows = new Int32Array(leastRows);
  /** When it was first and last seen, µs. */
  first = new Float64Array(leastRows);
  last = new Float64Array(leastRows);
  /** The last flow that had it; null for a free row. */
  readonly lastFlow: (SampledFlow | null)[] = [];
  subjectCount = new Uint8Array(leastRows);
  /** 1: two subjects had it at about the same time. */
  together = new Uint8Array(leastRows);
  /** 1: it was in more than one session: a flow that had it began {@link leastPause} after the preceding one. */
  inSessions = new Uint8Array(leastRows);
  /** Results of a slot's comparison of the row, and the version of the slot for which they hold. */
  comparedAt = new Int32Array(leastRows);
  mayBeRoom = new Uint8Array(leastRows);
  isElsewhere = new Uint8Array(leastRows);
  /**
   * {@link keyWords} per row: slot ({@link none} for a free row), both halves of the value, and the next row of the hash chain. Stored together
   * because they are read together.
   */
  #keys = new Int32Array(leastRows * keyWords).fill(none);
  /** First row of each hash chain. */
  #chain = new Int32Array(leastRows).fill(none);
  #subjects = new Uint16Array(leastRows * mostSubjects);
  #frames = new Float64Array(leastRows * mostEvidence);
  /** By index in {@link #frames}: the file, if it is not that of the last flow. */
  readonly #otherFiles = new Map<number, string>();
  #free = none;
  /** The row found last. */
  #found = 0;
  /** Rows from here on were never used. */
  #end = 0;
  readonly #seed = randomInt(2 ** 31);

  /** The row of a value at a slot, or {@link none}. */
  find(slot: number, high: number, low: number): number {
    const keys = this.#keys;
    // Values that first occurred side by side have adjacent rows: in a payload that resembles an earlier one, no hash is needed.
    const neighbour = this.#found + 1;
    const beside = neighbour * keyWords;
    if (keys[beside + 2] === (low | 0) && keys[beside] === slot && keys[beside + 1] === (high | 0)) return (this.#found = neighbour);
    let row = this.#chain[this.#chainOf(slot, high, low)]!;
    while (row !== none) {
      const at = row * keyWords;
      if (keys[at + 2] === (low | 0) && keys[at] === slot && keys[at + 1] === (high | 0)) return (this.#found = row);
      row = keys[at + 3]!;
    }
    return none;
  }

  /** {@link none} for a free row. */
  slot(row: number): number {
    return this.#keys[row * keyWords]!;
  }

  high(row: number): number {
    return this.#keys[row * keyWords + 1]! >>> 0;
  }

  low(row: number): number {
    return this.#keys[row * keyWords + 2]! >>> 0;
  }

  /** Adds a row for a value that has none yet, first seen in this flow. */
  add(slot: number, high: number, low: number, flow: SampledFlow, { frame, micros }: PayloadOrigin): number {
    const row = this.#take();
    const at = row * keyWords;
    this.#keys[at] = slot;
    this.#keys[at + 1] = high;
    this.#keys[at + 2] = low;
    this.#enchain(row);
    this.flows[row] = this.subjectCount[row] = 1;
    this.together[row] = this.inSessions[row] = 0;
    this.comparedAt[row] = none;
    this.first[row] = this.last[row] = micros;
    this.lastFlow[row] = flow;
    this.#subjects[row * mostSubjects] = flow.subject;
    this.#frames[row * mostEvidence] = frame;
    this.size++;
    return row;
  }

  /**
   * Records a further flow that has the value. Returns whether that is new evidence: another subject, the second session, or two subjects together.
   */
  again(row: number, flow: SampledFlow, { frame, micros }: PayloadOrigin): boolean {
    const before = this.lastFlow[row]!;
    const flows = this.flows[row]!++;
    let isNews = false;
    if (this.inSessions[row] === 0 && flow.startMicros - before.startMicros >= leastPause) {
      this.inSessions[row] = 1;
      isNews = true;
    }
    if (this.together[row] === 0 && flow.subject !== before.subject && Math.abs(micros - this.last[row]!) <= near) {
      this.together[row] = 1;
      isNews = true;
    }
    if (flow.file !== before.file) this.#keepFiles(row, Math.min(flows, mostEvidence), before.file);
    if (flows < mostEvidence) this.#frames[row * mostEvidence + flows] = frame;
    this.lastFlow[row] = flow;
    const count = this.subjectCount[row]!;
    if (count === mostSubjects || this.hasSubject(row, flow.subject)) return isNews;
    this.#subjects[row * mostSubjects + count] = flow.subject;
    this.subjectCount[row] = count + 1;
    return true;
  }

  remove(row: number): void {
    const keys = this.#keys;
    const chain = this.#chainOfRow(row);
    const after = keys[row * keyWords + 3]!;
    if (this.#chain[chain] === row) this.#chain[chain] = after;
    else {
      let before = this.#chain[chain]!;
      while (keys[before * keyWords + 3] !== row) before = keys[before * keyWords + 3]!;
      keys[before * keyWords + 3] = after;
    }
    keys[row * keyWords] = none;
    if (this.#otherFiles.size > 0) for (let at = row * mostEvidence; at < (row + 1) * mostEvidence; at++) this.#otherFiles.delete(at);
    this.lastFlow[row] = null;
    this.next[row] = this.#free;
    this.#free = row;
    this.size--;
  }

  /** The i-th of its subjects. */
  subject(row: number, i: number): number {
    return this.#subjects[row * mostSubjects + i]!;
  }

  hasSubject(row: number, subject: number): boolean {
    const from = row * mostSubjects;
    const end = from + this.subjectCount[row]!;
    for (let at = from; at < end; at++) if (this.#subjects[at] === subject) return true;
    return false;
  }

  haveSameSubjects(one: number, other: number): boolean {
    if (this.subjectCount[one] !== this.subjectCount[other]) return false;
    for (let i = 0; i < this.subjectCount[one]!; i++) if (!this.hasSubject(other, this.subject(one, i))) return false;
    return true;
  }

  /** When it was last seen, µs; its last flow may still be active. */
  until(row: number): number {
    return Math.max(this.last[row]!, this.lastFlow[row]!.lastMicros);
  }

  /** `file#frame` of the first few flows. */
  evidence(row: number): string[] {
    return Array.from({ length: Math.min(this.flows[row]!, mostEvidence) }, (_, i) => {
      const at = row * mostEvidence + i;
      return `${this.#otherFiles.get(at) ?? this.lastFlow[row]!.file}#${this.#frames[at]}`;
    });
  }

  /** The last flow will be one of another file: the file of the evidence so far, as far as that was the same, is no longer told by it. */
  #keepFiles(row: number, count: number, file: string): void {
    for (let at = row * mostEvidence; at < row * mostEvidence + count; at++) if (!this.#otherFiles.has(at)) this.#otherFiles.set(at, file);
  }

  #take(): number {
    const free = this.#free;
    if (free === none) {
      if (this.#end === this.next.length) this.#grow();
      return this.#end++;
    }
    this.#free = this.next[free]!;
    return free;
  }

  #chainOf(slot: number, high: number, low: number): number {
    const mixed = Math.imul(Math.imul(Math.imul(slot ^ this.#seed, 0x9e37_79b1) ^ high, 0x85eb_ca6b) ^ low, 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 15)) & (this.#chain.length - 1);
  }

  #chainOfRow(row: number): number {
    const at = row * keyWords;
    return this.#chainOf(this.#keys[at]!, this.#keys[at + 1]!, this.#keys[at + 2]!);
  }

  #enchain(row: number): void {
    const chain = this.#chainOfRow(row);
    this.#keys[row * keyWords + 3] = this.#chain[chain]!;
    this.#chain[chain] = row;
  }

  #grow(): void {
    for (const name of ['next', 'previous', 'flows', 'comparedAt'] as const) this[name] = new Int32Array(doubled(this[name]));
    for (const name of ['first', 'last'] as const) this[name] = new Float64Array(doubled(this[name]));
    for (const name of ['subjectCount', 'together', 'inSessions', 'mayBeRoom', 'isElsewhere'] as const) this[name] = new Uint8Array(doubled(this[name]));
    this.#subjects = new Uint16Array(doubled(this.#subjects));
    this.#frames = new Float64Array(doubled(this.#frames));
    this.#keys = new Int32Array(doubled(this.#keys)).fill(none, this.#end * keyWords);
    this.#chain = new Int32Array(doubled(this.#chain)).fill(none);
    // All rows are in use, since the table grows only when none is free.
    for (let row = 0; row < this.#end; row++) this.#enchain(row);
  }
}
