import type { FlowRecord } from '#flow';
import { BoundedCache, type ServiceMatch } from '#geo';

/** Media begin at about the time at which signalling names their endpoints: at most this long before or after it, µs. */
const windowMicros = 600_000_000;
/** Most endpoints that are remembered per subject, and flows per session; the oldest are forgotten first. */
const mostEndpoints = 256;
const mostFlows = 16;

interface Leg {
  readonly isSignalling: boolean;
  readonly segments: readonly string[];
}

/** One call: its signalling flow, and the flows that it announced. */
export class Session {
  readonly id: string;
  /** Only a request for a relay was seen, no signalling of a call: if a call's signalling names its endpoints, the two are one session. */
  readonly isProvisional: boolean;
  /** Service of the signalling, for media with a peer that has no name. */
  service: ServiceMatch | undefined;
  /** The session that turned out to be the same, for a TURN allocation that a call's signalling named. */
  successor: Session | undefined;
  readonly #legs = new Map<string, Leg>();

  constructor(id: string, isProvisional: boolean) {
    this.id = id;
    this.isProvisional = isProvisional;
  }

  /**
   * Adds the segments of one of its flows. Returns those of all, signalling first; a place observed on the wire replaces one that was only named.
   */
  path(flow: string, segments: readonly string[], isSignalling: boolean): string[] {
    if (this.#legs.size >= mostFlows && !this.#legs.has(flow)) this.#legs.delete(this.#legs.keys().next().value!);
    this.#legs.set(flow, { isSignalling, segments });
    const legs = [...this.#legs.values()];
    const places = new Map<string, string>();
    for (const signalling of [true, false]) {
      for (const leg of legs) {
        if (leg.isSignalling !== signalling) continue;
        for (const segment of leg.segments) {
          const host = segment.split('|')[1]!;
          if (!places.has(host) || segment.endsWith('|flow')) places.set(host, segment);
        }
      }
    }
    return [...places.values()];
  }

  /** Moves its flows to the session to which it belongs. */
  merge(into: Session): void {
    this.successor = into;
    for (const [flow, { segments, isSignalling }] of this.#legs) into.path(flow, segments, isSignalling);
  }
}

interface Named {
  readonly session: Session;
  readonly micros: number;
}

/**
 * Flows of one call: SDP and TURN name the endpoints to which its media go, and the subject's flows from or to one of them belong to it.
 * All records of a subject arrive at one detector, in order; a flow that began before its signalling was seen joins with its next record.
 */
export class Sessions {
  readonly #bySubject: BoundedCache<Map<string, Named>>;
  readonly #byId: BoundedCache<Session>;
  readonly #byFlow: BoundedCache<Session>;

  constructor(rememberedFlows: number) {
    this.#bySubject = new BoundedCache(rememberedFlows / 4);
    this.#byId = new BoundedCache(rememberedFlows / 4);
    this.#byFlow = new BoundedCache(rememberedFlows);
  }

  /** The session to which the record belongs, if any; its id is put on the record. */
  join(record: FlowRecord): Session | undefined {
    const session = isSignalling(record) || record['telltale.session.endpoints'].length > 0 ? this.#announcing(record) : this.#announced(record);
    record['telltale.session.id'] = session?.id ?? '';
    return session;
  }

  /** The session of a record that names endpoints, or a call. */
  #announcing(record: FlowRecord): Session {
    const endpoints = record['telltale.session.endpoints'];
    const named = this.#endpointsOf(record['telltale.subject.ip']);
    const session = this.#named(record, named, endpoints);
    const micros = record['@timestamp'];
    for (const endpoint of endpoints) {
      const former = named.get(endpoint);
      if (former !== undefined) {
        const known = latest(former.session);
        if (known !== session && known.isProvisional) known.merge(session);
        named.delete(endpoint);
      }
      named.set(endpoint, { session, micros });
      if (named.size > mostEndpoints) named.delete(named.keys().next().value!);
    }
    return session;
  }

  /** By the call's own id; without one, the session of the flow or of a known endpoint, or else a new one. */
  #named(record: FlowRecord, named: ReadonlyMap<string, Named>, endpoints: readonly string[]): Session {
    if (isSignalling(record)) {
      const id = record['telltale.session.id'];
      let session = this.#byId.get(id);
      if (session === undefined) this.#byId.set(id, session = new Session(id, false));
      return session;
    }
    const flow = record['telltale.flow.id'];
    const known =
      this.#announced(record) ??
      endpoints.map((endpoint) => current(named.get(endpoint), record['@timestamp'])).find((session) => session !== undefined);
    const session = known ?? new Session(flow, true);
    this.#byFlow.set(flow, session);
    return session;
  }

  /** The session that the flow has joined, or whose signalling named one of its ends. */
  #announced(record: FlowRecord): Session | undefined {
    // Only flows of a subject with sessions can have joined one. Most subjects have none, and each of their flows would be a lookup in vain.
    const named = this.#bySubject.get(record['telltale.subject.ip']);
    if (named === undefined) return undefined;
    const flow = record['telltale.flow.id'];
    const joined = this.#byFlow.get(flow);
    if (joined !== undefined) return latest(joined);
    if (named.size === 0) return undefined;
    const start = record['event.start'] || record['@timestamp'];
    for (const side of ['destination', 'source'] as const) {
      const session = current(named.get(endpointOf(record, side)), start);
      if (session === undefined) continue;
      this.#byFlow.set(flow, session);
      return session;
    }
    return undefined;
  }

  #endpointsOf(subject: string): Map<string, Named> {
    let named = this.#bySubject.get(subject);
    if (named === undefined) this.#bySubject.set(subject, named = new Map());
    return named;
  }
}

/** Whether the record is of a message that opens, answers or closes a call. The detector itself puts the id on records of media. */
export function isSignalling(record: FlowRecord): boolean {
  return record['network.protocol'] === 'sip' && record['telltale.session.id'] !== '';
}

function current(named: Named | undefined, micros: number): Session | undefined {
  return named !== undefined && Math.abs(micros - named.micros) <= windowMicros ? latest(named.session) : undefined;
}

/** Sessions in between are skipped from then on, since a relay requested over months makes a long chain of them. */
function latest(session: Session): Session {
  let last = session;
  while (last.successor !== undefined) last = last.successor;
  if (last !== session) session.successor = last;
  return last;
}

function endpointOf(record: FlowRecord, side: 'source' | 'destination'): string {
  const ip = record[`${side}.ip`];
  return ip.includes(':') ? `[${ip}]:${record[`${side}.port`]}` : `${ip}:${record[`${side}.port`]}`;
}
