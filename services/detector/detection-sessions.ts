import type { FlowRecord } from '#flow';
import { BoundedCache, type ServiceMatch } from '#geo';

/** Media begin at about the time when signalling names their endpoints: within this time before or behind it, µs. */
const windowMicros = 600_000_000;
/** Endpoints that are remembered per subject, and flows per session; of more the oldest are forgotten. */
const mostEndpoints = 256;
const mostFlows = 16;

interface Leg {
  readonly isSignalling: boolean;
  readonly segments: readonly string[];
}

/** One call: its signalling flow, and the flows that this announced. */
export class Session {
  readonly id: string;
  /** No signalling of a call was seen, only a relay that was asked for: should one name its endpoints, they are one session. */
  readonly isProvisional: boolean;
  /** Service of the signalling, for media that go to a peer without a name. */
  service: ServiceMatch | undefined;
  /** Another session turned out to be the same: a TURN allocation that a call's signalling named. */
  successor: Session | undefined;
  readonly #legs = new Map<string, Leg>();

  constructor(id: string, isProvisional: boolean) {
    this.id = id;
    this.isProvisional = isProvisional;
  }

  /**
   * Takes the segments of one of its flows. Returns those of all, signalling first; a place that was seen on the wire stands for what only named it.
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

  /** Hands its flows over to the session that it is part of. */
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
 * Flows of one call: SDP and TURN name the endpoints that its media go to, and the flows of the same subject from or to one of them belong to it.
 * All of a subject's records come to one detector, in their order; a flow that began before its signalling was seen joins with its next record.
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

  /** The session that the record belongs to, if any; its id is put on the record. */
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

  /** By the call's own id; without one that of the flow, or of an endpoint that is known, or a new one. */
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

  /** The session of a flow that was joined before, or from or to one of whose ends signalling named. */
  #announced(record: FlowRecord): Session | undefined {
    // Only flows of a subject with sessions have joined one, and most subjects have none: their flows, each of which is new, are not looked for.
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

/** Those in between are left out from then on: a relay asked for over months makes a long chain of them. */
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
