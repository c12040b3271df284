import { randomInt } from 'node:crypto';
import type { Sender } from '#dissect';
import {
  bytesRead, mostTexts, nextText, taggedSlot, taggedTextSlot, taggedWidth, textSlot, windowBytes, windowSlot, type Slot, type TextToken,
} from './payload-slots.ts';

/** How a field is delimited. A window is part of a field whose length is only found by comparing subjects. */
export const forms = { window: 0, tagged: 1, text: 2 } as const;
export type Form = (typeof forms)[keyof typeof forms];

/** Each text has two slots; a tagged value takes at least four bytes. */
const mostFields = bytesRead + bytesRead / windowBytes + 2 * mostTexts;

/**
 * The values at the slots of a payload: texts, values after a type and a length, and each window of four bytes between texts, windows in order.
 * Stored in columns that are reused for one payload after the other, since each has hundreds of fields.
 */
export class PayloadFields {
  count = 0;
  readonly form = new Uint8Array(mostFields);
  readonly slot = new Int32Array(mostFields);
  /** The value: up to eight bytes verbatim, or the hash of a text. */
  readonly high = new Uint32Array(mostFields);
  readonly low = new Uint32Array(mostFields);
  readonly at = new Uint8Array(mostFields);
  readonly length = new Uint8Array(mostFields);
  readonly encoding: TextToken['encoding'][] = Array.from({ length: mostFields }, () => 'length-prefixed' as const);

  read(payload: Buffer, sender: Sender): void {
    this.count = 0;
    let from = 0;
    let texts = 0;
    for (let token = nextText(payload, 0); token !== null; token = texts === mostTexts ? null : nextText(payload, from)) {
      this.#addNumbers(payload, from, token.begin, texts, sender);
      const high = hash(payload, token, highSeed);
      const low = hash(payload, token, lowSeed);
      this.#addText(textSlot(texts, sender), token, high, low);
      this.#addText(taggedTextSlot(payload, token, sender), token, high, low);
      texts++;
      from = token.end;
    }
    this.#addNumbers(payload, from, Math.min(payload.length, bytesRead), texts, sender);
  }

  /** The first field at the slot, or -1. Similar payloads have a window at the same index, which is tried first. */
  find(slot: Slot, form: Form, index: number): number {
    return form === forms.window && index < this.count && this.slot[index] === slot ? index : this.#findFrom(0, slot);
  }

  /** The next field at the slot of the i-th; a slot has only one window. */
  findNext(i: number): number {
    return this.form[i] === forms.window ? -1 : this.#findFrom(i + 1, this.slot[i]!);
  }

  #findFrom(from: number, slot: Slot): number {
    for (let i = from; i < this.count; i++) if (this.slot[i] === slot) return i;
    return -1;
  }

  #addNumbers(payload: Buffer, from: number, end: number, textsBefore: number, sender: Sender): void {
    let taggedUntil = from;
    let window = 0;
    for (let at = from; at < Math.min(from + windowBytes - 1, end); at++) window = (window << 8) | payload[at]!;
    for (let at = from; at + windowBytes <= end; at++) {
      window = (window << 8) | payload[at + windowBytes - 1]!;
      const width = at >= taggedUntil ? taggedWidth(payload, at) : 0;
      if (width !== 0 && at + width <= end) {
        taggedUntil = at + width;
        this.#add(
          forms.tagged,
          taggedSlot(payload, at, width, sender),
          at,
          width,
          width === 8 ? window : 0,
          width === 8 ? payload.readUInt32BE(at + 4) : window,
        );
      }
      this.#add(forms.window, windowSlot(textsBefore, at - from, sender), at, windowBytes, 0, window);
    }
  }

  #addText(slot: Slot, { start, end, encoding }: TextToken, high: number, low: number): void {
    this.encoding[this.count] = encoding;
    this.#add(forms.text, slot, start, end - start, high, low);
  }

  #add(form: Form, slot: Slot, at: number, length: number, high: number, low: number): void {
    const i = this.count++;
    this.form[i] = form;
    this.slot[i] = slot;
    this.at[i] = at;
    this.length[i] = length;
    this.high[i] = high;
    this.low[i] = low;
  }
}

/** Random for each process, so that nobody can construct two texts that count as one. */
const highSeed = randomInt(2 ** 32);
const lowSeed = randomInt(2 ** 32);

/** The mixing step of MurmurHash for each byte. */
function hash(payload: Buffer, { start, end }: TextToken, seed: number): number {
  let mixed = seed ^ (end - start);
  for (let at = start; at < end; at++) {
    mixed = Math.imul(mixed ^ payload[at]!, 0x85eb_ca6b);
    mixed = (mixed ^ (mixed >>> 13)) | 0;
  }
  return mixed;
}
