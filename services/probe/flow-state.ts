import type { Message } from '#dissect';
import type { Observable } from '#flow';
import { redact, type Recognised, type SampledFlow } from '#identifiers';

/** An identifier could be read where no structure is known. */
export const readable: Message['encryption'] = { verdict: 'cleartext', reason: 'an identifier can be read' };
/** Places of identifiers that a flow of datagrams remembers as told. */
const maxReported = 1024;
/** Places on its path that a flow remembers. */
const maxHops = 64;
/** Raw values of a flow that later messages are redacted with: the latest ones, and at least all of the message itself. */
const maxRememberedValues = 64;
/** Characters of a value that is looked for in the paths of observables. */
const shortestInPath = 6;

/** What most flows have. Never written to. */
const none: never[] = [];
const noVerdict = { verdict: '', reason: '' } as const;

/** What the probe knows of a flow beside its packets: how far it is told, what it is, and the values to redact it with. */
export class FlowState {
  readonly id: string;
  readonly subjectIsDestination: boolean;
  readonly isDatagrams: boolean;
  /** Another pipeline reports it: only what it teaches is taken from it. */
  readonly isWatched: boolean;
  /** Kinds of the identifiers seen so far, each once. */
  kinds: readonly string[] = none;
  /** Round trip of the handshake, µs, where an application's showed it; 0 is unknown. */
  rttMicros = 0;
  /** Places on the session's path that its messages have named, `kind=address`, in the order in which they came. */
  hops: readonly string[] = none;
  sequence = 0;
  protocol = '';
  verdict: Message['encryption'] | typeof noVerdict = noVerdict;
  domain = '';
  domainSource = '';
  /** null: not known since what it is made of has changed. */
  #redactedDomain: string | null = '';
  /** Counters as of the last record: records carry differences. */
  sourceBytes = 0;
  sourcePackets = 0;
  destinationBytes = 0;
  destinationPackets = 0;
  /** Its beginning, where nobody knows the protocol; null when that is not looked at. */
  sampled: SampledFlow | null | undefined;
  #reported: Set<string> | undefined;
  #inferred: Set<string> | undefined;
  #values: Recognised[] = none;

  /** @param isDatagrams its transport has no stream */
  constructor(id: string, subjectIsDestination: boolean, isDatagrams: boolean, isWatched = false) {
    this.id = id;
    this.isDatagrams = isDatagrams;
    this.isWatched = isWatched;
    this.subjectIsDestination = subjectIsDestination;
  }

  /** The flow is what its latest recognised message says (ICE turns into RTP); payload that nothing claims changes nothing about that. */
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
    if (this.#values === none) this.#values = [];
    for (const one of recognised) {
      if (!this.kinds.includes(one.observable.kind)) this.kinds = [...this.kinds, one.observable.kind];
      const known = this.#values.findIndex((other) => other.value === one.value && other.written.join() === one.written.join());
      if (known >= 0) this.#values.splice(known, 1);
      this.#values.push(one);
    }
    // A copy, since an array that grew by one has room for seventeen, and most flows have one value.
    this.#values = this.#values.slice(-Math.max(maxRememberedValues, recognised.length));
    this.#redactedDomain = null;
  }

  /** Adds places on the path. Returns how many there was no room for. */
  addHops(texts: readonly string[]): number {
    const news = texts.filter((text) => !this.hops.includes(text));
    if (news.length === 0) return 0;
    const room = maxHops - this.hops.length;
    this.hops = [...this.hops, ...news.slice(0, room)];
    return Math.max(0, news.length - room);
  }

  /** Datagram protocols repeat themselves packet by packet: the same identifier at the same place is told once per flow. */
  isNews(token: string, path: string): boolean {
    if (!this.isDatagrams) return true;
    const place = `${token} ${path}`;
    this.#reported ??= new Set();
    if (this.#reported.has(place)) return false;
    if (this.#reported.size < maxReported) this.#reported.add(place);
    return true;
  }

  /** What was inferred, or recognised with certainty, is told once. */
  isInferenceNews(token: string): boolean {
    this.#inferred ??= new Set(this.#values.map(({ observable }) => observable.token));
    if (this.#inferred.has(token)) return false;
    this.#inferred.add(token);
    return true;
  }

  redact(text: string): string {
    return this.#values.length === 0 ? text : redact(text, this.#values);
  }

  redactFact(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value);
    return Array.isArray(value) ? value.map((one) => this.redact(String(one))) : value;
  }

  /** The domain, as records carry it. */
  get redactedDomain(): string {
    return (this.#redactedDomain ??= this.redact(this.domain));
  }

  /** A key can be an identifier too, so that it stands in the path of what is below it. Short and plain words are names. */
  withRedactedPaths(recognised: readonly Recognised[]): Observable[] {
    const values = this.#values.filter(({ value }) => value.length >= shortestInPath && /[\d@]/.test(value));
    return recognised.map(({ observable }) => {
      const path = redact(observable.path, values);
      return path === observable.path ? observable : { ...observable, path };
    });
  }

  /** The next record counts from zero: an entry of a log carries its own counters. */
  restartCounters(): void {
    this.sourceBytes = this.sourcePackets = this.destinationBytes = this.destinationPackets = 0;
  }

  learnDomain(domain: string, source: string): void {
    this.domain = domain;
    this.#redactedDomain = null;
    this.domainSource = domain ? source : '';
  }
}
