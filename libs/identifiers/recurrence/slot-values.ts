import { leastPause, leastUserEvidence, near, type SampledFlow } from './sampled-flow.ts';

/** A window as a number, anything longer as text. */
export type ValueKey = number | string;

/** Values of one slot that are remembered. */
const maxValues = 256;
/** Subjects of one value that are told apart; with more it belongs to the protocol. */
const maxSubjects = 16;
const maxEvidence = 4;

/** One value at one slot, and where it was seen. */
export interface Recurrence {
  readonly value: ValueKey;
  flows: number;
  /** Flows that began well after the one before. */
  sessions: number;
  readonly subjects: string[];
  /** Two subjects had it at about the same time. */
  together: boolean;
  first: number;
  last: number;
  lastFlow: SampledFlow;
  /** `file#frame` of the first few flows. */
  readonly frames: string[];
}

/** What stood at one slot in the flows of a protocol. */
export class SlotValues {
  readonly values = new Map<ValueKey, Recurrence>();
  readonly #counters: { forgotten: number };
  flows = 0;
  /** Flows of subjects that had been seen before: in each of them a value of the subject's own would have recurred. */
  repeats = 0;
  /** Flows in which a value recurred. */
  recurring = 0;
  isClosed = false;
  #lastFlow: SampledFlow | null = null;
  #lastRecurring: SampledFlow | null = null;

  constructor(counters: { forgotten: number }) {
    this.#counters = counters;
  }

  /** Takes what a payload of the flow has at the slot. Returns by how many remembered values there are more or fewer. */
  add(value: ValueKey, flow: SampledFlow, frame: number, micros: number): number {
    if (this.#lastFlow !== flow) {
      this.#lastFlow = flow;
      this.flows++;
      if (flow.isRepeat) this.repeats++;
    }
    const known = this.values.get(value);
    if (known === undefined) {
      const made = this.values.size < maxValues || this.#forgetOne() ? 1 : 0;
      this.values.set(value, {
        value, flows: 1, sessions: 1, subjects: [flow.subject], together: false, first: micros, last: micros, lastFlow: flow, frames: [`${flow.file}#${frame}`],
      });
      return made;
    }
    if (known.lastFlow !== flow) {
      this.#again(known, flow, frame, micros);
      if (this.#lastRecurring !== flow) {
        this.#lastRecurring = flow;
        this.recurring++;
      }
    }
    known.last = Math.max(known.last, micros);
    return 0;
  }

  /** Nothing ever recurs here, and has had its chances: what stands here is drawn anew, or counts. */
  get isHopeless(): boolean {
    return (this.repeats >= 8 && this.recurring < this.repeats * 0.3) || (this.flows >= 64 && this.recurring < this.flows * 0.3);
  }

  /** Nothing more is remembered of it. Returns how many values are let go. */
  close(): number {
    const { size } = this.values;
    this.isClosed = true;
    this.values.clear();
    return size;
  }

  /** Whether it is its subject's own: in several flows of one, over time, while others have other ones here. The more do, the fewer flows say so. */
  isUserLike(one: Recurrence): boolean {
    if (one.subjects.length > 1 || one.sessions < 2 || one.last - one.first < leastPause || this.recurring < this.repeats * 0.5) return false;
    const others = this.others(one);
    return others > 0 && one.flows + Math.min(others, 2) >= leastUserEvidence;
  }

  /** Subjects that have another value of their own here. */
  others(one: Recurrence): number {
    const subjects = new Set<string>();
    for (const { subjects: [subject], subjects: { length }, flows } of this.values.values()) if (length === 1 && flows >= 2 && subject !== one.subjects[0]) subjects.add(subject!);
    return subjects.size;
  }

  /**
   * Whether it is shared for a time, as that of a meeting place: several subjects have it together while others are elsewhere, and one of those
   * who have it has been elsewhere too. A version, an application id or a region stays with its subjects, and a key of the day is everybody's.
   */
  isRoomLike(one: Recurrence): boolean {
    if (!one.together || one.subjects.length >= maxSubjects || this.flows < 4 || this.recurring * 2 < this.flows - 1) return false;
    return this.#hasMoved(one) && this.#isAnybodyElsewhere(one);
  }

  /** Whether one of its subjects has had another value too. */
  #hasMoved(one: Recurrence): boolean {
    for (const other of this.values.values()) {
      if (other.flows > 1 && other !== one && other.subjects.some((subject) => one.subjects.includes(subject))) return true;
    }
    return false;
  }

  #isAnybodyElsewhere(one: Recurrence): boolean {
    for (const other of this.values.values()) {
      if (isMeanwhile(one, other) && other.subjects.some((subject) => !one.subjects.includes(subject))) return true;
    }
    return false;
  }

  /** Subjects that had other values about the time in which it was shared, and never this one. */
  elsewhere(one: Recurrence): number {
    const subjects = new Set<string>();
    for (const other of this.values.values()) {
      if (!isMeanwhile(one, other)) continue;
      for (const subject of other.subjects) if (!one.subjects.includes(subject)) subjects.add(subject);
    }
    return subjects.size;
  }

  #again(known: Recurrence, flow: SampledFlow, frame: number, micros: number): void {
    known.flows++;
    if (flow.startMicros - known.lastFlow.startMicros >= leastPause) known.sessions++;
    if (flow.subject !== known.lastFlow.subject && Math.abs(micros - known.last) <= near) known.together = true;
    if (!known.subjects.includes(flow.subject) && known.subjects.length < maxSubjects) known.subjects.push(flow.subject);
    if (known.frames.length < maxEvidence) known.frames.push(`${flow.file}#${frame}`);
    known.lastFlow = flow;
  }

  /** Makes room: the oldest value that never recurred, else the oldest. */
  #forgetOne(): false {
    let victim = this.values.keys().next().value!;
    for (const [key, { flows }] of this.values) {
      if (flows > 1) continue;
      victim = key;
      break;
    }
    this.values.delete(victim);
    this.#counters.forgotten++;
    return false;
  }
}

function isMeanwhile(one: Recurrence, other: Recurrence): boolean {
  return other !== one && other.first <= untilOf(one) + near && untilOf(other) >= one.first - near;
}

function untilOf({ last, lastFlow }: Recurrence): number {
  return Math.max(last, lastFlow.lastMicros);
}
