import type { Sender } from '#dissect';
import { inferredIn, type Inferred, type OpenSample } from './inferred.ts';
import { PayloadFields } from './payload-fields.ts';
import { bytesRead, windowBytes, type Slot } from './payload-slots.ts';
import { SampleTable } from './sample-table.ts';
import type { PayloadOrigin, SampledFlow } from './sampled-flow.ts';
import { SlotIndex } from './slot-index.ts';
import { SlotTable } from './slot-table.ts';
import type { UnknownProtocol } from './unknown-protocol.ts';
import { mostSubjectsOfAll, none, ValueTable } from './value-table.ts';

export interface RecurrenceOptions {
  /** Payloads examined per direction of a flow. */
  readonly samplesPerDirection: number;
  /** Flows whose samples are held at the same time. */
  readonly maxFlows: number;
  /** Bounds on protocols (transport, port, domain), and on values remembered for all of them; the least recently seen protocol is evicted. */
  readonly maxProtocols: number;
  readonly maxValues: number;
  /** Period after which a protocol is forgotten, and after which one without recurring values is examined again, µs. */
  readonly retentionMicros: number;
}

export const defaultRecurrenceOptions: RecurrenceOptions = {
  samplesPerDirection: 4,
  maxFlows: 8192,
  maxProtocols: 512,
  maxValues: 200_000,
  retentionMicros: 24 * 3600 * 1_000_000,
};

/** Counts of the search for recurring values, for the probe to flush into its metrics. */
export class RecurrenceCounters {
  /** Flows whose payloads were not examined, because the maximum number was already held. */
  unsampled = 0;
  /** Protocols evicted to make room for others. */
  evicted = 0;
  /** Values forgotten, because their slot already had the maximum number. */
  forgotten = 0;
  /** Values reported, by behaviour. */
  userLike = 0;
  roomLike = 0;
}

/** A flow of an unknown protocol, as described by the probe. */
export interface UnknownFlow {
  /** Transport, port of the server, and its domain if known. */
  readonly protocol: string;
  /** Addresses of the monitored endpoint and of its peer. */
  readonly subjectIp: string;
  readonly peerIp: string;
  readonly file: string;
  readonly startMicros: number;
}

/** After so many flows of a protocol it is checked whether anything recurs in it at all. */
const flowsPerReview = 64;

/**
 * Finds values that recur in payloads of unknown structure and behave like identifiers: a user id occurs in several flows of one subject and of no
 * other; a room id occurs with several subjects at about the same time. Compares, field by field (offset, offset after a text of any length, or type
 * in a type-length-value format), what the subjects of a protocol send, as FieldHunter does for host and session ids (Bermudez et al., "Towards
 * automatic protocol field inference", Computer Communications 84, 2016).
 *
 * Constants of the protocol, counters, times, addresses, and values that are random in each flow do not behave like this; permanent keys are longer
 * than ids. A single subject proves nothing: what it always sends may be the version of its software.
 */
export class RecurringValues {
  readonly counters = new RecurrenceCounters();
  readonly #options: RecurrenceOptions;
  readonly #protocols = new Map<string, UnknownProtocol>();
  readonly #values = new ValueTable();
  readonly #slots = new SlotTable(this.#values, this.counters);
  readonly #samples = new SampleTable();
  /** Of the current payload, or of each payload of a flow. */
  readonly #fields: PayloadFields[] = [];
  #flows = 0;
  #subjects = 0;
  #held = 0;

  constructor(options: Partial<RecurrenceOptions> = {}) {
    this.#options = { ...defaultRecurrenceOptions, ...options };
  }

  /** Number of values remembered, and of flows whose samples are held. */
  get size(): { values: number; flows: number } {
    return { values: this.#values.size, flows: this.#held };
  }

  /** Starts to sample a flow; null if that is not worthwhile or exceeds a bound. The caller must {@link end} it. */
  begin(flow: UnknownFlow): SampledFlow | null {
    if (this.#held >= this.#options.maxFlows) {
      this.counters.unsampled++;
      return null;
    }
    if (this.#subjects >= mostSubjectsOfAll) this.#evict();
    const protocol = this.#protocolOf(flow);
    if (++protocol.flows % flowsPerReview === 0) this.#review(protocol, flow.startMicros);
    if (protocol.restsUntil > flow.startMicros) return null;
    this.#held++;
    const { subjectIp, peerIp, file, startMicros } = flow;
    const known = protocol.subjects.get(subjectIp);
    const subject = known ?? this.#addSubject(protocol, subjectIp);
    this.#flows = (this.#flows + 1) | 0;
    return {
      number: this.#flows,
      protocol,
      subject,
      subjectIp,
      peerIp,
      file,
      startMicros,
      lastMicros: startMicros,
      isRepeat: known !== undefined,
      inferredAt: none,
      takenFromSource: 0,
      takenFromDestination: 0,
      firstSample: none,
    };
  }

  /** Samples a payload of the flow; only the first few are used. */
  observe(flow: SampledFlow, payload: Buffer, origin: PayloadOrigin): void {
    const { sender, micros } = origin;
    flow.lastMicros = Math.max(flow.lastMicros, micros);
    flow.protocol.news++;
    const taken = sender === 'source' ? flow.takenFromSource : flow.takenFromDestination;
    if (taken >= this.#options.samplesPerDirection || payload.length < windowBytes) return;
    const { protocol } = flow;
    if (protocol.isForgotten) return;
    if (sender === 'source') flow.takenFromSource++;
    else flow.takenFromDestination++;
    flow.firstSample = this.#samples.append(flow.firstSample, payload, origin);
    protocol.lastMicros = Math.max(protocol.lastMicros, micros);
    this.#remember(flow, payload.subarray(0, bytesRead), origin);
    while (this.#values.size > this.#options.maxValues) this.#evict();
  }

  /**
   * The values in the flow's payloads that behave like identifiers, on the evidence so far; empty if there is no new evidence since the last call.
   */
  infer(flow: SampledFlow): Inferred[] {
    const { protocol } = flow;
    if (protocol.isForgotten || protocol.subjects.size < 2 || flow.inferredAt === protocol.news) return [];
    flow.inferredAt = protocol.news;
    const samples = this.#samples.samplesOf(flow.firstSample)
      .map((sample, i): OpenSample => ({ ...sample, fields: this.#read(i, sample.bytes, sample.sender) }));
    const found = inferredIn({ flow, samples, slots: this.#slots });
    for (const { behaves } of found) this.counters[behaves === 'user' ? 'userLike' : 'roomLike']++;
    return found;
  }

  /** Releases the samples of a flow that has ended. */
  end(flow: SampledFlow): void {
    this.#samples.release(flow.firstSample);
    flow.firstSample = none;
    this.#held--;
  }

  #protocolOf({ protocol: name, startMicros }: UnknownFlow): UnknownProtocol {
    const known = this.#protocols.get(name);
    if (known !== undefined && startMicros - known.lastMicros < this.#options.retentionMicros) {
      this.#protocols.delete(name);
      this.#protocols.set(name, known);
      return known;
    }
    if (known !== undefined) this.#forget(known);
    else if (this.#protocols.size >= this.#options.maxProtocols) this.#evict();
    const made: UnknownProtocol = {
      name,
      slots: new SlotIndex(),
      subjects: new Map(),
      flows: 0,
      news: 0,
      restsUntil: 0,
      lastMicros: startMicros,
      isForgotten: false,
    };
    this.#protocols.set(name, made);
    return made;
  }

  #addSubject(protocol: UnknownProtocol, ip: string): number {
    const subject = protocol.subjects.size;
    protocol.subjects.set(ip, subject);
    protocol.news++;
    this.#subjects++;
    return subject;
  }

  #read(index: number, payload: Buffer, sender: Sender): PayloadFields {
    const fields = this.#fields[index] ??= new PayloadFields();
    fields.read(payload, sender);
    return fields;
  }

  #remember(flow: SampledFlow, payload: Buffer, origin: PayloadOrigin): void {
    const { count, slot, high, low } = this.#read(0, payload, origin.sender);
    for (let i = 0; i < count; i++) this.#slots.add(this.#slotOf(flow.protocol, slot[i]!), high[i]!, low[i]!, flow, origin);
  }

  #slotOf({ slots }: UnknownProtocol, slot: Slot): number {
    let row = slots.get(slot);
    if (row === none) slots.set(slot, row = this.#slots.open());
    return row;
  }

  /** If nothing recurs, the protocol is probably encrypted: it is suspended. */
  #review(protocol: UnknownProtocol, now: number): void {
    for (const slot of protocol.slots.rows()) if (this.#slots.hasRecurred(slot)) return;
    this.#clear(protocol);
    protocol.restsUntil = now + this.#options.retentionMicros;
  }

  #evict(): void {
    this.counters.evicted++;
    this.#forget(this.#protocols.values().next().value!);
  }

  #forget(protocol: UnknownProtocol): void {
    this.#clear(protocol);
    protocol.isForgotten = true;
    this.#subjects -= protocol.subjects.size;
    this.#protocols.delete(protocol.name);
  }

  #clear(protocol: UnknownProtocol): void {
    for (const slot of protocol.slots.rows()) this.#slots.release(slot);
    protocol.slots.clear();
  }
}
