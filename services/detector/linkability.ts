import { levels, type FlowRecord, type Level, type Observable } from '#flow';
import { BoundedCache } from '#geo';
import { dataClassOf, type DataClass } from '#identifiers';
import { peerIsSource } from './detection-endpoints.ts';

/** How much a certain identifier of the class reveals by itself, percent. Credentials (secrets, sessions) are not part of links. */
const weights: Readonly<Record<DataClass, number>> = {
  direct: 55, account: 45, person: 45, device: 45, location: 50, room: 40, session: 50, secret: 65,
};

/** Who it is, and what the other identifier reveals about them: with whom, where, on which device. */
const links: readonly (readonly [who: readonly DataClass[], what: DataClass])[] = [
  [['account', 'direct', 'person', 'device'], 'room'],
  [['account', 'direct', 'person', 'device'], 'location'],
  [['account', 'direct', 'person'], 'device'],
];
const linkable: readonly DataClass[] = ['direct', 'account', 'person', 'device', 'location', 'room'];

/** Identifiers seen within this time (µs), or in one flow, are seen together. */
export const linkWindowMicros = 120_000_000;
/** Minimum confidence of an identifier in a link. */
const leastConfidence = 40;

/** The score from which a level applies. */
const scoreOfLevel: Readonly<Record<Level, number>> = { informational: 5, low: 20, medium: 40, high: 50, critical: 80 };

/** Identifiers that a record links, its own first. */
export interface Link {
  readonly observables: readonly Observable[];
  readonly score: number;
}

interface Seen {
  readonly observable: Observable;
  readonly micros: number;
  readonly flow: string;
}

/**
 * Determines which identifiers of a subject are visible together to one observer: on the path between the subject and external networks, or at
 * one internal peer. Remembers the latest identifier of each class for at most `rememberedSubjects` subjects.
 */
export class Linkability {
  readonly #seen: BoundedCache<Map<DataClass, Seen>>;
  /** The record that reported a link, by observer and tokens. A replay of that very record reports it again. */
  readonly #told: BoundedCache<string>;

  constructor(rememberedSubjects: number) {
    this.#seen = new BoundedCache(rememberedSubjects);
    this.#told = new BoundedCache(rememberedSubjects);
  }

  /** Handles a record. Returns the link that it completes, if that is new. `peerIsLocal`: the peer is internal, so what it receives stays inside. */
  link(record: FlowRecord, peerIsLocal: boolean): Link | undefined {
    const observables = record['telltale.observables'];
    if (observables.length === 0) return undefined;
    const micros = record['@timestamp'];
    const flow = record['telltale.flow.id'];
    const observer = observerOf(record['telltale.subject.ip'], peerIsLocal ? record['telltale.peer.ip'] : '');
    const subjectSends = peerIsSource(record) ? 'destination' : 'source';

    let seen = this.#seen.get(observer);
    const own = new Map<DataClass, Seen>();
    for (const observable of observables) {
      const dataClass = dataClassOf(observable.kind);
      if (observable.visibility !== 'cleartext' || observable.confidence < leastConfidence || !dataClass || !linkable.includes(dataClass)) continue;
      // What others send is about other people as well, so only what the subject sends is its own.
      if (observable.sender !== subjectSends) continue;
      const known = own.get(dataClass);
      if (known === undefined || observable.confidence > known.observable.confidence) own.set(dataClass, { observable, micros, flow });
    }
    if (own.size === 0) return undefined;

    const together = new Map(own);
    for (const [dataClass, one] of seen ?? []) {
      const isNear = one.flow === flow || micros - one.micros <= linkWindowMicros;
      if (isNear && one.micros <= micros && !together.has(dataClass)) together.set(dataClass, one);
    }
    if (seen === undefined) this.#seen.set(observer, seen = new Map());
    for (const [dataClass, one] of own) seen.set(dataClass, one);
    const link = this.#linkOf(together, own, observer, record['event.id']);
    // Observers on an internal path are fewer, and authorised.
    return link !== undefined && peerIsLocal ? { ...link, score: Math.round(link.score / 2) } : link;
  }

  /** A record, of this process or another, reported the link of the tokens. `localPeer`: the internal peer that saw them together; '' is the path. */
  remember(subject: string, localPeer: string, tokens: readonly string[], recordId: string): void {
    this.#told.set(keyOf(observerOf(subject, localPeer), tokens), recordId);
  }

  #linkOf(together: ReadonlyMap<DataClass, Seen>, own: ReadonlyMap<DataClass, Seen>, observer: string, recordId: string): Link | undefined {
    const linked = new Set<DataClass>();
    for (const [who, what] of links) {
      if (!together.has(what)) continue;
      for (const one of who) if (together.has(one)) linked.add(one).add(what);
    }
    if (linked.size === 0 || ![...own.keys()].some((one) => linked.has(one))) return undefined;
    const members = [...own, ...together].filter(([dataClass, one], i) => linked.has(dataClass) && (i < own.size || own.get(dataClass) !== one));
    const observables = members.map(([, { observable }]) => observable);
    const key = keyOf(observer, observables.map(({ token }) => token));
    const teller = this.#told.get(key);
    if (teller !== undefined && teller !== recordId) return undefined;
    this.#told.set(key, recordId);
    return { observables, score: togetherScore(observables) };
  }
}

function observerOf(subject: string, localPeer: string): string {
  return localPeer === '' ? subject : `${subject} ${localPeer}`;
}

function keyOf(observer: string, tokens: readonly string[]): string {
  return `${observer} ${tokens.toSorted().join(' ')}`;
}

/**
 * How much identifiers reveal together, percent: 100 × (1 − Π (1 − weight × confidence)) over their classes, each with its most certain one.
 * So two reveal more than each of them, and none reveals everything.
 */
export function togetherScore(observables: readonly Observable[]): number {
  const byClass = new Map<DataClass, number>();
  for (const { kind, confidence } of observables) {
    const dataClass = dataClassOf(kind);
    if (dataClass !== undefined) byClass.set(dataClass, Math.max(byClass.get(dataClass) ?? 0, confidence));
  }
  let untold = 1;
  for (const [dataClass, confidence] of byClass) untold *= 1 - (weights[dataClass] / 100) * (confidence / 100);
  return Math.round(100 * (1 - untold));
}

/** The level of a link. */
export function levelOfScore(score: number): Level {
  return levels.findLast((level) => score >= scoreOfLevel[level] && level !== 'informational' && level !== 'low') ?? 'medium';
}

/** Score of a finding: that of its identifiers together, within the range of its level. */
export function riskScore(level: Level, observables: readonly Observable[]): number {
  const next = levels[levels.indexOf(level) + 1];
  const most = next === undefined ? 100 : scoreOfLevel[next] - 1;
  return Math.min(most, Math.max(scoreOfLevel[level], togetherScore(observables)));
}
