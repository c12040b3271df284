import type { Message } from '#dissect';
import type { Observable } from '#flow';
import { redact, type Recognised, type SampledFlow } from '#identifiers';

/** Verdict if an identifier could be read in payload of unknown structure. */
export const readable: Message['encryption'] = { verdict: 'cleartext', reason: 'an identifier can be read' };
/** Most reported identifiers, with their places, that a datagram flow remembers. */
const maxReported = 1024;
/** Most hops of its path that a flow remembers. */
const maxHops = 64;
/** Raw values of a flow with which later messages are redacted: the latest, and at least all of the message itself. */
const maxRememberedValues = 64;
/** Minimum length of a value that is searched for in the paths of observables, in characters. */
const shortestInPath = 6;

/** The value that most flows have. Never modified. */
const none: never[] = [];
const noVerdict = { verdict: '', reason: '' } as const;

/** What most flows do not have: identifiers, hops, an application's handshake. */
class Findings {
  kinds: readonly string[] = none;
  hops: readonly string[] = none;
  rttMicros = 0;
  reported: Set<string> | undefined;
  inferred: Set<string> | undefined;
  values: Recognised[] = none;
}

const noFindings: Readonly<Findings> = new Findings();

/** What the probe knows about a flow besides its packets: how much of it was reported, what it is, and the values to redact it with. */
export class FlowState {
  readonly id: string;
  readonly subjectIsDestination: boolean;
  readonly isDatagrams: boolean;
  /** Another pipeline reports it; this one only learns from it. */
  readonly isWatched: boolean;
  sequence = 0;
  protocol = '';
  verdict: Message['encryption'] | typeof noVerdict = noVerdict;
  domain = '';
  domainSource = '';
  /** null: to be computed, since its inputs have changed. */
  #redactedDomain: string | null = '';
  /** Counters as of the last record: records carry differences. */
  sourceBytes = 0;
  sourcePackets = 0;
  destinationBytes = 0;
  destinationPackets = 0;
  /** Samples of its payload, if the protocol is unknown; null if it is not sampled. */
  sampled: SampledFlow | null | undefined;
  /** Read as {@link noFindings} until something is found. */
  #found: Findings | null = null;

  /** @param isDatagrams whether its transport is not a stream */
  constructor(id: string, subjectIsDestination: boolean, isDatagrams: boolean, isWatched = false) {
    this.id = id;
    this.isDatagrams = isDatagrams;
    this.isWatched = isWatched;
    this.subjectIsDestination = subjectIsDestination;
  }

  get #findings(): Readonly<Findings> {
    return this.#found ?? noFindings;
  }

  /** Kinds of the identifiers seen so far, each once. */
  get kinds(): readonly string[] {
    return this.#findings.kinds;
  }

  /** Hops of the session's path that its messages have named, `kind=address`, in order of appearance. */
  get hops(): readonly string[] {
    return this.#findings.hops;
  }

  /** Round-trip time of the handshake, µs, if an application's handshake showed it; 0 is unknown. */
  get rttMicros(): number {
    return this.#findings.rttMicros;
  }

  set rttMicros(micros: number) {
    if (micros !== this.rttMicros) (this.#found ??= new Findings()).rttMicros = micros;
  }

  /** The flow is classified by its latest recognised message (ICE turns into RTP); unrecognised payload does not change that. */
  learn(message: Message): void {
    const unclaimed = message.protocol === 'udp' || message.protocol === 'tcp' || message.protocol === 'sctp';
    if (!unclaimed || this.protocol === '') {
      this.protocol = message.protocol;
      this.verdict = message.encryption;
    } else if (message.encryption === readable) {
      this.verdict = readable;
    }
  }

  remember(recognised: readonly Recognised[]): void {
    const found = (this.#found ??= new Findings());
    const values = [...found.values];
    for (const one of recognised) {
      if (!found.kinds.includes(one.observable.kind)) found.kinds = found.kinds.concat(one.observable.kind);
      const known = values.findIndex((other) => other.value === one.value && other.written.join() === one.written.join());
      if (known >= 0) values.splice(known, 1);
      values.push(one);
    }
    // A copy, since an array that grows by one reserves room for seventeen, and most flows have one value.
    found.values = values.slice(-Math.max(maxRememberedValues, recognised.length));
    this.#redactedDomain = null;
  }

  /** Adds hops to the path. Returns for how many there was no room. */
  addHops(texts: readonly string[]): number {
    const { hops } = this;
    const news = texts.filter((text) => !hops.includes(text));
    if (news.length === 0) return 0;
    const room = maxHops - hops.length;
    (this.#found ??= new Findings()).hops = hops.concat(news.slice(0, room));
    return Math.max(0, news.length - room);
  }

  /** Datagram protocols repeat themselves in each packet: an identifier at one place is reported once per flow. */
  isNews(token: string, path: string): boolean {
    if (!this.isDatagrams) return true;
    const place = `${token} ${path}`;
    const reported = ((this.#found ??= new Findings()).reported ??= new Set());
    if (reported.has(place)) return false;
    if (reported.size < maxReported) reported.add(place);
    return true;
  }

  /** A value that was inferred, or recognised with certainty, is reported once. */
  isInferenceNews(token: string): boolean {
    const found = (this.#found ??= new Findings());
    found.inferred ??= new Set(found.values.map(({ observable }) => observable.token));
    if (found.inferred.has(token)) return false;
    found.inferred.add(token);
    return true;
  }

  redact(text: string): string {
    const { values } = this.#findings;
    return values.length === 0 ? text : redact(text, values);
  }

  redactFact(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value);
    return Array.isArray(value) ? value.map((one) => this.redact(String(one))) : value;
  }

  /** The domain as it appears on records. */
  get redactedDomain(): string {
    return (this.#redactedDomain ??= this.redact(this.domain));
  }

  /** A key can be an identifier too, and would then be in the path of the values below it. Short and plain words are names. */
  withRedactedPaths(recognised: readonly Recognised[]): Observable[] {
    const values = this.#findings.values.filter(({ value }) => value.length >= shortestInPath && /[\d@]/.test(value));
    return recognised.map(({ observable }) => {
      const path = redact(observable.path, values);
      return path === observable.path ? observable : { ...observable, path };
    });
  }

  /** The next record counts from zero, since an entry of a log has its own counters. */
  restartCounters(): void {
    this.sourceBytes = this.sourcePackets = this.destinationBytes = this.destinationPackets = 0;
  }

  learnDomain(domain: string, source: string): void {
    this.domain = domain;
    this.#redactedDomain = null;
    this.domainSource = domain ? source : '';
  }
}
