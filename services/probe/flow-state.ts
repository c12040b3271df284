import type { Message } from '#dissect';
import { redact, type Recognised } from '#identifiers';

/** Places of identifiers that a flow of datagrams remembers as told. */
const maxReported = 1024;
/** Raw values of a flow that later messages are redacted with. */
const maxRememberedValues = 64;

/** What the probe knows of a flow beside its packets: how far it is told, what it is, and the values to redact it with. */
export class FlowState {
  readonly id: string;
  readonly subjectIsDestination: boolean;
  readonly kinds = new Set<string>();
  sequence = 0;
  protocol = '';
  verdict: Message['encryption'] | { verdict: ''; reason: '' } = { verdict: '', reason: '' };
  domain = '';
  domainSource = '';
  /** Counters as of the last record: records carry differences. */
  sourceBytes = 0;
  sourcePackets = 0;
  destinationBytes = 0;
  destinationPackets = 0;
  #reported: Set<string> | undefined;
  #values: Recognised[] = [];

  constructor(id: string, subjectIsDestination: boolean) {
    this.id = id;
    this.subjectIsDestination = subjectIsDestination;
  }

  /** The flow is what its first recognised message says; payload that nothing claims changes nothing about that. */
  learn(message: Message): void {
    const unclaimed = message.protocol === 'udp' || message.protocol === 'tcp';
    if (unclaimed && this.protocol !== '') return;
    this.protocol = message.protocol;
    this.verdict = message.encryption;
  }

  remember(recognised: readonly Recognised[]): void {
    for (const one of recognised) {
      this.kinds.add(one.observable.kind);
      if (this.#values.length < maxRememberedValues && !this.#values.some((known) => known.observable.token === one.observable.token)) this.#values.push(one);
    }
  }

  /** Datagram protocols repeat themselves packet by packet: the same identifier at the same place is told once per flow. */
  isNews(message: Message, token: string, path: string): boolean {
    if (message.protocol !== 'udp' && message.protocol !== 'stun') return true;
    const place = `${token} ${path}`;
    this.#reported ??= new Set();
    if (this.#reported.has(place)) return false;
    if (this.#reported.size < maxReported) this.#reported.add(place);
    return true;
  }

  redact(value: unknown): unknown {
    if (this.#values.length === 0) return value;
    if (typeof value === 'string') return redact(value, this.#values);
    return Array.isArray(value) ? value.map((one) => redact(String(one), this.#values)) : value;
  }

  /** The next record counts from zero: an entry of a log carries its own counters. */
  restartCounters(): void {
    this.sourceBytes = this.sourcePackets = this.destinationBytes = this.destinationPackets = 0;
  }

  learnDomain(domain: string, source: string): void {
    this.domain = domain;
    this.domainSource = domain ? source : '';
  }
}
