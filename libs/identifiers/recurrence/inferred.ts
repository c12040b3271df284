import type { Sender } from '#dissect';
import { integerAt, orderByZeros, orderBySpan, rejectsBytes, rejectsInteger, rejectsText, type Extent } from './field-value.ts';
import { forms, type Form, type PayloadFields } from './payload-fields.ts';
import { windowBytes } from './payload-slots.ts';
import type { SampledFlow } from './sampled-flow.ts';
import type { SlotTable } from './slot-table.ts';
import { none, type ValueTable } from './value-table.ts';
import { extentOf, type StableWindow } from './window-run.ts';

/** A value that behaves like an identifier. Contains the raw value: for the probe only. */
export interface Inferred {
  readonly behaves: 'user' | 'room';
  readonly value: string;
  /** Position in the payload of the sample, and length there. */
  readonly offset: number;
  readonly bytes: number;
  readonly encoding: string;
  readonly sender: Sender;
  readonly frame: number;
  /** Percent. */
  readonly confidence: number;
  /** Length in bytes; flows, subjects and packets in which it was seen: `4 bytes; in 3 flows of 1 subject over 61 s (a.pcap#3, a.pcap#12); …`. */
  readonly evidence: string;
}

/** A sample, decoded for comparison. */
export interface OpenSample {
  readonly bytes: Buffer;
  readonly fields: PayloadFields;
  readonly sender: Sender;
  readonly frame: number;
  readonly micros: number;
}

interface Found {
  readonly form: Form;
  readonly stable: StableWindow;
  readonly sample: OpenSample;
  readonly offset: number;
  readonly bytes: number;
  readonly encoding: string;
  readonly value: string;
}

/** A flow, and the samples and slots it is compared with. */
export interface Comparison {
  readonly flow: SampledFlow;
  readonly samples: readonly OpenSample[];
  /** Slots of the flow's protocol. */
  readonly slots: SlotTable;
}

/** The values in the payloads of a flow that behave like identifiers, each once. */
export function inferredIn(comparison: Comparison): Inferred[] {
  const { samples, slots } = comparison;
  const found = samples.flatMap((sample) => foundIn(sample, comparison));
  // In a type-length-value format, distances are meaningless.
  const isTagged = found.some(({ form }) => form === forms.tagged);
  const values = new Map<string, Found>();
  for (const one of found) if (!values.has(one.value) && !(isTagged && one.form === forms.window)) values.set(one.value, one);
  return Array.from(values.values(), (one) => inferred(one, slots));
}

/** In order of occurrence. */
function foundIn(sample: OpenSample, comparison: Comparison): Found[] {
  const found: Found[] = [];
  const runs: StableWindow[][] = [];
  const { fields } = sample;
  const { flow, slots } = comparison;
  for (let i = 0; i < fields.count; i++) {
    const stable = stableAt(i, sample, comparison);
    if (stable === null) continue;
    const form = fields.form[i] as Form;
    if (form === forms.window) {
      const last = runs.at(-1)?.at(-1);
      if (last !== undefined && continues(last, stable, slots.values)) runs.at(-1)!.push(stable);
      else runs.push([stable]);
    } else {
      const one = form === forms.text ? ofText(stable, fields.encoding[i]!, sample) : ofTagged(stable, flow, sample, slots);
      if (one !== null) found.push(one);
    }
  }
  // The value that recurs most is the field; a window that overlaps it from beside it is not.
  const claimed = new Set<number>();
  for (const run of runs.toSorted((one, other) => slots.values.flows[other[0]!.recurrence]! - slots.values.flows[one[0]!.recurrence]!)) {
    const free = run.filter(({ at }) => !claimed.has(at) && !claimed.has(at + windowBytes - 1));
    const one = free.length === 0 ? null : ofRun(free, flow, sample, slots);
    if (one === null) continue;
    found.push(one);
    for (let at = one.offset; at < one.offset + one.bytes; at++) claimed.add(at);
  }
  return found.toSorted((one, other) => one.offset - other.offset);
}

/** The i-th field, if its value behaves like an identifier. */
function stableAt(i: number, sample: OpenSample, comparison: Comparison): StableWindow | null {
  const { flow: { peerIp, protocol }, samples, slots } = comparison;
  const { fields } = sample;
  const slot = protocol.slots.get(fields.slot[i]!);
  if (slot === none || !slots.mayIdentify(slot, protocol.subjects.size)) return null;
  const recurrence = slots.recurrence(slot, fields.high[i]!, fields.low[i]!);
  if (recurrence === none) return null;
  const behaves = slots.isUserLike(slot, recurrence) ? 'user' : slots.isRoomLike(slot, recurrence, protocol.subjects.size) ? 'room' : '';
  if (behaves === '' || (fields.form[i] === forms.window && counts(fields.at[i]!, sample, samples))) return null;
  // Two endpoints that talk to each other share all values of their session.
  if (behaves === 'room' && (slots.values.hasSubject(recurrence, protocol.subjects.get(peerIp) ?? none) || changes(i, slot, sample, comparison)))
    return null;
  return { at: fields.at[i]!, length: fields.length[i]!, behaves, slot, recurrence };
}

function ofRun(run: readonly StableWindow[], flow: SampledFlow, sample: OpenSample, slots: SlotTable): Found | null {
  const extent = extentOf(run, sample.bytes, slots);
  if (extent === null) return null;
  return ofInteger(extent, { form: forms.window, stable: run.find(({ at }) => at >= extent.at) ?? run.at(-1)!, sample }, flow);
}

function ofTagged(stable: StableWindow, flow: SampledFlow, sample: OpenSample, slots: SlotTable): Found | null {
  const { at, length } = stable;
  const { bytes } = sample;
  if (rejectsBytes(bytes, at, at + length)) return null;
  const order = orderByZeros(bytes, at, at + length) || orderBySpan([bytes.subarray(at, at + length), ...othersOf(stable, slots)]);
  return ofInteger({ at, width: length, order }, { form: forms.tagged, stable, sample }, flow);
}

function ofInteger(
  extent: Extent, { form, stable, sample }: Pick<Found, 'form' | 'stable' | 'sample'>, { subjectIp, peerIp }: SampledFlow,
): Found | null {
  const { at, width, order } = extent;
  if (rejectsInteger(sample.bytes, extent, sample.micros, [subjectIp, peerIp])) return null;
  return {
    form,
    stable,
    sample,
    offset: at,
    bytes: width,
    encoding: order === '' ? 'hex' : `u${width * 8}${order}`,
    value: integerAt(sample.bytes, extent),
  };
}

function ofText(stable: StableWindow, encoding: string, sample: OpenSample): Found | null {
  const { at, length } = stable;
  const value = sample.bytes.toString('latin1', at, at + length);
  return rejectsText(value) ? null : { form: forms.text, stable, sample, offset: at, bytes: length, encoding, value };
}

function othersOf({ slot, recurrence, length }: StableWindow, slots: SlotTable): Buffer[] {
  const { values } = slots;
  return slots.otherRecurrences(slot, recurrence).map((row) => {
    const field = Buffer.alloc(length);
    if (length > windowBytes) field.writeUInt32BE(values.high(row));
    field.writeUInt32BE(values.low(row), length - windowBytes);
    return field;
  });
}

/** Whether the next window belongs to the same field: it begins one byte later and was seen in equally many flows of the same subjects. */
function continues(last: StableWindow, next: StableWindow, values: ValueTable): boolean {
  return next.at === last.at + 1 && next.behaves === last.behaves && values.flows[next.recurrence] === values.flows[last.recurrence]
    && values.haveSameSubjects(last.recurrence, next.recurrence);
}

/** Whether the flow's other payloads have numbers close to it at the same place: then it is a counter or a clock. */
function counts(at: number, sample: OpenSample, samples: readonly OpenSample[]): boolean {
  const bigEndian = sample.bytes.readUInt32BE(at);
  const littleEndian = sample.bytes.readUInt32LE(at);
  for (const { sender, bytes } of samples) {
    if (sender !== sample.sender || bytes === sample.bytes || bytes.length < at + windowBytes) continue;
    const other = bytes.readUInt32BE(at);
    if (other === bigEndian) continue;
    if (Math.abs(other - bigEndian) < 0x10000 || Math.abs(bytes.readUInt32LE(at) - littleEndian) < 0x10000) return true;
  }
  return false;
}

/** Whether the flow has another shared value at the same slot: states and message types are shared by all subjects that go through them. */
function changes(i: number, row: number, sample: OpenSample, { samples, slots }: Comparison): boolean {
  const { form, slot, high, low } = sample.fields;
  for (const other of samples) {
    if (other === sample || other.sender !== sample.sender) continue;
    const { fields } = other;
    for (let j = fields.find(slot[i]!, form[i] as Form, i); j >= 0; j = fields.findNext(j)) {
      if ((fields.high[j] !== high[i] || fields.low[j] !== low[i]) && isShared(row, fields.high[j]!, fields.low[j]!, slots)) return true;
    }
  }
  return false;
}

function isShared(row: number, high: number, low: number, slots: SlotTable): boolean {
  const recurrence = slots.recurrence(row, high, low);
  return recurrence !== none && slots.values.subjectCount[recurrence]! > 1;
}

/** Percent, before the evidence is added. */
const leastConfidence = 40;

function inferred(
  { stable: { behaves, slot, recurrence }, sample: { sender, frame }, offset, bytes, encoding, value }: Found,
  slots: SlotTable,
): Inferred {
  const { values } = slots;
  const subjects = values.subjectCount[recurrence]!;
  const flows = values.flows[recurrence]!;
  const seconds = Math.round((values.last[recurrence]! - values.first[recurrence]!) / 1e6);
  const others = behaves === 'user' ? slots.others(slot, recurrence) : slots.elsewhere(slot, recurrence);
  const seen =
    `${bytes} bytes; in ${flows} flows of ${subjects === 1 ? '1 subject' : `${subjects} subjects`} over ${seconds} s `
      + `(${values.evidence(recurrence).join(', ')})`;
  const contrast =
    behaves === 'user'
      ? `${others === 1 ? '1 other subject has a value of its own' : `${others} other subjects have values of their own`} there`
      : `${others} other subject${others === 1 ? '' : 's'} had other values there meanwhile`;
  return {
    behaves, value, offset, bytes, encoding, sender, frame,
    confidence: leastConfidence + Math.min(15, 5 * Math.max(0, flows - 3)) + Math.min(15, 5 * others),
    evidence: `${seen}; ${contrast}`,
  };
}
