import type { Sender } from '#dissect';
import { integerAt, rejectsInteger, rejectsText, orderOf, type Extent } from './field-value.ts';
import { payloadFields, type PayloadField } from './payload-fields.ts';
import { bytesRead, windowBytes, type Slot } from './payload-slots.ts';
import type { Sample, SampledFlow } from './sampled-flow.ts';
import { SlotValues } from './slot-values.ts';
import { extentOf, type StableWindow } from './window-run.ts';

export interface RecurrenceOptions {
  /** Payloads of each direction of a flow that are looked at. */
  readonly samplesPerDirection: number;
  /** Flows whose samples are held at a time. */
  readonly maxFlows: number;
  /** Protocols (transport, port, domain) at a time, and values remembered of all of them; the one silent for longest makes room. */
  readonly maxProtocols: number;
  readonly maxValues: number;
  /** Period after which a protocol is forgotten, and one in which nothing recurs is looked at again, µs. */
  readonly retentionMicros: number;
}

export const defaultRecurrenceOptions: RecurrenceOptions = {
  samplesPerDirection: 4,
  maxFlows: 8192,
  maxProtocols: 512,
  maxValues: 200_000,
  retentionMicros: 24 * 3600 * 1_000_000,
};

/** What the search for recurring values did, for the probe to flush into its metrics. */
export class RecurrenceCounters {
  /** Flows whose payloads were not looked at, because as many as are allowed were held. */
  unsampled = 0;
  /** Protocols forgotten to make room for others. */
  evicted = 0;
  /** Values forgotten, because a place in payloads had as many as are remembered of one. */
  forgotten = 0;
  /** Values reported, by what they behave like. */
  userLike = 0;
  roomLike = 0;
}

/** A flow of a protocol that nothing knows, as the probe tells of it. */
export interface UnknownFlow {
  /** Transport, port of the server, and its domain where that is known. */
  readonly protocol: string;
  readonly subject: string;
  readonly peer: string;
  readonly file: string;
  readonly startMicros: number;
  /** IPv4 addresses of both sides, as numbers. */
  readonly addresses: readonly number[];
}

/** A value that behaves like an identifier. Raw: for the probe alone. */
export interface Inferred {
  readonly behaves: 'user' | 'room';
  readonly value: string;
  /** In the payload of the sample, and how many bytes it takes there. */
  readonly offset: number;
  readonly bytes: number;
  readonly encoding: string;
  readonly sender: Sender;
  readonly frame: number;
  /** Percent. */
  readonly confidence: number;
  /** Length in bytes, flows, subjects and packets in which it was seen: `4 bytes; in 3 flows of 1 subject over 61 s (a.pcap#3, a.pcap#12); …`. */
  readonly evidence: string;
}

interface Protocol {
  readonly name: string;
  readonly slots: Map<Slot, SlotValues>;
  readonly subjects: Set<string>;
  flows: number;
  /** Nothing recurs in it: it is not looked at before this time. */
  restsUntil: number;
  lastMicros: number;
  values: number;
}

/** Subjects of a protocol that are told apart. */
const maxSubjects = 4096;
/** Flows after each of which it is asked whether anything recurs in the protocol at all. */
const flowsPerReview = 64;

/**
 * Finds values that recur in payloads of unknown structure, and behave like identifiers: of one subject and of no other, in several flows, like a
 * user id; of several subjects close in time, like a room id. Field by field (offset, offset behind a text of any length, or type of a
 * type-length-value format) it compares what the subjects of a protocol send, as FieldHunter does for ids of hosts and sessions
 * (Bermudez et al., "Towards automatic protocol field inference", Computer Communications 84, 2016).
 *
 * Constants of the protocol, counters, times, addresses, and what is drawn anew for each flow do not behave so; keys that stay are longer than ids.
 * One subject alone proves nothing: what it always sends may be the version of its software.
 */
export class RecurringValues {
  readonly counters = new RecurrenceCounters();
  readonly #options: RecurrenceOptions;
  readonly #protocols = new Map<string, Protocol>();
  #values = 0;
  #held = 0;

  constructor(options: RecurrenceOptions = defaultRecurrenceOptions) {
    this.#options = options;
  }

  /** Values that are remembered, and flows whose samples are held. */
  get size(): { values: number; flows: number } {
    return { values: this.#values, flows: this.#held };
  }

  /** Begins to look at a flow; null when that is not worth it, or over a bound. {@link end} it. */
  begin(flow: UnknownFlow): SampledFlow | null {
    if (this.#held >= this.#options.maxFlows) {
      this.counters.unsampled++;
      return null;
    }
    const protocol = this.#protocolOf(flow);
    if (++protocol.flows % flowsPerReview === 0) this.#review(protocol, flow.startMicros);
    if (protocol.restsUntil > flow.startMicros) return null;
    this.#held++;
    const isRepeat = protocol.subjects.has(flow.subject);
    if (protocol.subjects.size < maxSubjects) protocol.subjects.add(flow.subject);
    return { ...flow, lastMicros: flow.startMicros, isRepeat, samples: [] };
  }

  /** Takes a payload of the flow; only the first few are looked at. */
  observe(flow: SampledFlow, payload: Buffer, sender: Sender, frame: number, micros: number): void {
    flow.lastMicros = Math.max(flow.lastMicros, micros);
    let taken = 0;
    for (const sample of flow.samples) if (sample.sender === sender) taken++;
    if (taken >= this.#options.samplesPerDirection || payload.length < windowBytes) return;
    const protocol = this.#protocols.get(flow.protocol);
    if (protocol === undefined) return;
    const sample: Sample = { bytes: Buffer.from(payload.subarray(0, bytesRead)), sender, frame, micros };
    flow.samples.push(sample);
    protocol.lastMicros = Math.max(protocol.lastMicros, micros);
    this.#remember(protocol, flow, sample);
    while (this.#values > this.#options.maxValues && this.#protocols.size > 1) this.#evict();
  }

  /** What of the flow's payloads behaves like an identifier, as far as that can be told by now. */
  infer(flow: SampledFlow): Inferred[] {
    const protocol = this.#protocols.get(flow.protocol);
    if (protocol === undefined || protocol.subjects.size < 2) return [];
    const found = new Map<string, Inferred>();
    const inSamples = flow.samples.flatMap((sample) => this.#inSample(protocol, flow, sample));
    // Where values stand behind types and lengths, distances mean nothing.
    const isTagged = inSamples.some(({ form }) => form === 'tagged');
    for (const { form, one } of inSamples) if (!found.has(one.value) && !(isTagged && form === 'window')) found.set(one.value, one);
    for (const { behaves } of found.values()) this.counters[behaves === 'user' ? 'userLike' : 'roomLike']++;
    return [...found.values()];
  }

  /** The flow is over: its samples are let go. */
  end(flow: SampledFlow): void {
    flow.samples.length = 0;
    this.#held--;
  }

  #protocolOf({ protocol: name, startMicros }: UnknownFlow): Protocol {
    const known = this.#protocols.get(name);
    if (known !== undefined && startMicros - known.lastMicros < this.#options.retentionMicros) {
      this.#protocols.delete(name);
      this.#protocols.set(name, known);
      return known;
    }
    if (known !== undefined) this.#forget(known);
    else if (this.#protocols.size >= this.#options.maxProtocols) this.#evict();
    const made: Protocol = { name, slots: new Map(), subjects: new Set(), flows: 0, restsUntil: 0, lastMicros: startMicros, values: 0 };
    this.#protocols.set(name, made);
    return made;
  }

  #remember(protocol: Protocol, flow: SampledFlow, { bytes, sender, frame, micros }: Sample): void {
    for (const { slot, key } of payloadFields(bytes, sender)) {
      let values = protocol.slots.get(slot);
      if (values === undefined) protocol.slots.set(slot, values = new SlotValues(this.counters));
      if (values.isClosed) continue;
      const more = values.add(key, flow, frame, micros) - (values.isHopeless ? values.close() : 0);
      protocol.values += more;
      this.#values += more;
    }
  }

  /** Where nothing recurs, encryption is likely: the protocol rests. */
  #review(protocol: Protocol, now: number): void {
    for (const slot of protocol.slots.values()) if (!slot.isClosed && slot.recurring > 1) return;
    this.#values -= protocol.values;
    protocol.values = 0;
    protocol.slots.clear();
    protocol.restsUntil = now + this.#options.retentionMicros;
  }

  #evict(): void {
    this.counters.evicted++;
    this.#forget(this.#protocols.values().next().value!);
  }

  #forget(protocol: Protocol): void {
    this.#values -= protocol.values;
    this.#protocols.delete(protocol.name);
  }

  #inSample(protocol: Protocol, flow: SampledFlow, sample: Sample): { form: PayloadField['form']; one: Inferred }[] {
    const found: { form: PayloadField['form']; one: Inferred }[] = [];
    const runs: StableWindow[][] = [];
    for (const field of payloadFields(sample.bytes, sample.sender)) {
      const stable = this.#stable(protocol, flow, sample, field);
      if (stable === null) continue;
      if (field.form === 'window') {
        const last = runs.at(-1)?.at(-1);
        if (last !== undefined && continues(last, stable)) runs.at(-1)!.push(stable);
        else runs.push([stable]);
      } else {
        const one = field.form === 'text' ? ofText(stable, sample) : ofTagged(stable, flow, sample);
        if (one !== null) found.push({ form: field.form, one });
      }
    }
    // What recurs most is a field; a window that reaches into it from beside it is none.
    const claimed = new Set<number>();
    for (const run of runs.toSorted((one, other) => other[0]!.recurrence.flows - one[0]!.recurrence.flows)) {
      const free = run.filter(({ at }) => !claimed.has(at) && !claimed.has(at + windowBytes - 1));
      const one = free.length === 0 ? null : this.#ofRun(free, flow, sample);
      if (one === null) continue;
      found.push({ form: 'window', one });
      for (let at = one.offset; at < one.offset + one.bytes; at++) claimed.add(at);
    }
    return found.toSorted((one, other) => one.one.offset - other.one.offset);
  }

  /** The field, when what stands there behaves like an identifier. */
  #stable(protocol: Protocol, flow: SampledFlow, sample: Sample, field: PayloadField): StableWindow | null {
    const { bytes, sender } = sample;
    const slot = protocol.slots.get(field.slot);
    const recurrence = slot?.values.get(field.key);
    if (slot === undefined || recurrence === undefined || recurrence.flows < 2) return null;
    const behaves = slot.isUserLike(recurrence) ? 'user' : slot.isRoomLike(recurrence) ? 'room' : '';
    if (behaves === '' || (field.form === 'window' && counts(flow, sender, field, bytes))) return null;
    // Two that talk with each other share whatever their session has.
    if (behaves === 'room' && (recurrence.subjects.includes(flow.peer) || changes(slot, flow, sample, field))) return null;
    return { at: field.at, length: field.length, encoding: field.encoding, behaves, slot, recurrence };
  }

  #ofRun(run: readonly StableWindow[], flow: SampledFlow, sample: Sample): Inferred | null {
    const extent = extentOf(run, sample.bytes);
    if (extent === null || rejectsInteger(sample.bytes, extent, sample.micros, flow.addresses)) return null;
    const stable = run.find(({ at }) => at >= extent.at) ?? run.at(-1)!;
    return inferred(stable, sample, extent.at, extent.width, extent.order === '' ? 'hex' : `u${extent.width * 8}${extent.order}`, integerAt(sample.bytes, extent));
  }
}

function ofText(stable: StableWindow, sample: Sample): Inferred | null {
  const text = sample.bytes.toString('latin1', stable.at, stable.at + stable.length);
  return rejectsText(text) ? null : inferred(stable, sample, stable.at, stable.length, stable.encoding, text);
}

function ofTagged(stable: StableWindow, flow: SampledFlow, sample: Sample): Inferred | null {
  const extent: Extent = { at: stable.at, width: stable.length, order: orderOf(sample.bytes.subarray(stable.at, stable.at + stable.length), othersOf(stable)) };
  if (rejectsInteger(sample.bytes, extent, sample.micros, flow.addresses)) return null;
  return inferred(stable, sample, extent.at, extent.width, `u${extent.width * 8}${extent.order}`, integerAt(sample.bytes, extent));
}

function othersOf({ slot, recurrence }: StableWindow): Buffer[] {
  return [...slot.values.values()].filter(({ value, flows }) => value !== recurrence.value && flows >= 2).map(({ value }) => Buffer.from(value as string, 'latin1'));
}

/** Whether the next window belongs to the same field: it stands one byte further, and was seen in the same flows. */
function continues(last: StableWindow, next: StableWindow): boolean {
  return next.at === last.at + 1 && next.behaves === last.behaves && next.recurrence.flows === last.recurrence.flows
    && next.recurrence.subjects.join() === last.recurrence.subjects.join();
}

/** Whether the flow's other payloads have numbers close by at the same place: then it is a counter or a clock. */
function counts(flow: SampledFlow, sender: Sender, { at, key }: PayloadField, bytes: Buffer): boolean {
  const little = bytes.readUInt32LE(at);
  return flow.samples.some((other) => {
    if (other.sender !== sender || other.bytes === bytes || other.bytes.length < at + windowBytes) return false;
    const big = Math.abs(other.bytes.readUInt32BE(at) - (key as number));
    return (big > 0 && big < 0x10000) || (big > 0 && Math.abs(other.bytes.readUInt32LE(at) - little) < 0x10000);
  });
}

/** Whether the flow has another shared value at the same slot: states and types of messages are shared by all who pass through them. */
function changes(slot: SlotValues, flow: SampledFlow, sample: Sample, field: PayloadField): boolean {
  return flow.samples.some((other) => other !== sample && other.sender === sample.sender && payloadFields(other.bytes, other.sender)
    .some(({ slot: at, key }) => at === field.slot && key !== field.key && (slot.values.get(key)?.subjects.length ?? 0) > 1));
}

/** Percent, before what speaks for it. */
const leastConfidence = 40;

function inferred({ behaves, slot, recurrence }: StableWindow, { sender, frame }: Sample, offset: number, bytes: number, encoding: string, value: string): Inferred {
  const { flows, subjects, first, last, frames } = recurrence;
  const others = behaves === 'user' ? slot.others(recurrence) : slot.elsewhere(recurrence);
  const seen = `${bytes} bytes; in ${flows} flows of ${subjects.length === 1 ? '1 subject' : `${subjects.length} subjects`} over ${Math.round((last - first) / 1e6)} s (${frames.join(', ')})`;
  const contrast = behaves === 'user' ? `${others === 1 ? '1 other subject has a value of its own' : `${others} other subjects have values of their own`} there` : `${others} other subject${others === 1 ? '' : 's'} had other values there meanwhile`;
  return {
    behaves, value, offset, bytes, encoding, sender, frame,
    confidence: leastConfidence + Math.min(15, 5 * Math.max(0, flows - 3)) + Math.min(15, 5 * others),
    evidence: `${seen}; ${contrast}`,
  };
}
