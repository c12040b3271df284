import type { Sender } from '#dissect';
import { bytesRead, taggedSlot, taggedWidth, textSlots, textsIn, windowBytes, windowSlot, type Slot } from './payload-slots.ts';
import type { ValueKey } from './slot-values.ts';

/** What stands at a slot of a payload. A window is part of a field whose length only the comparison of subjects tells. */
export interface PayloadField {
  readonly form: 'text' | 'tagged' | 'window';
  readonly slot: Slot;
  readonly key: ValueKey;
  readonly at: number;
  readonly length: number;
  readonly encoding: string;
}

/** Texts, values behind a type and a length, and each window of four bytes between texts; windows in order. */
export function payloadFields(payload: Buffer, sender: Sender): PayloadField[] {
  const fields: PayloadField[] = [];
  let from = 0;
  let texts = 0;
  for (const token of textsIn(payload)) {
    addNumbers(fields, payload, from, token.begin, texts, sender);
    const key = payload.toString('latin1', token.start, token.end);
    for (const slot of textSlots(payload, token, texts, sender)) {
      fields.push({ form: 'text', slot, key, at: token.start, length: token.end - token.start, encoding: token.encoding });
    }
    texts++;
    from = token.end;
  }
  addNumbers(fields, payload, from, Math.min(payload.length, bytesRead), texts, sender);
  return fields;
}

function addNumbers(fields: PayloadField[], payload: Buffer, from: number, end: number, textsBefore: number, sender: Sender): void {
  let taggedUntil = from;
  for (let at = from; at + windowBytes <= end; at++) {
    const width = at >= taggedUntil ? taggedWidth(payload, at) : 0;
    if (width !== 0 && at + width <= end) {
      taggedUntil = at + width;
      fields.push({ form: 'tagged', slot: taggedSlot(payload, at, width, sender), key: payload.toString('latin1', at, at + width), at, length: width, encoding: '' });
    }
    fields.push({ form: 'window', slot: windowSlot(textsBefore, at - from, sender), key: payload.readUInt32BE(at), at, length: windowBytes, encoding: '' });
  }
}
