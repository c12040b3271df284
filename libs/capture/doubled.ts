import { giveBack } from './kept-copy.ts';

/**
 * The memory of a table, with as much again behind it, zeroed. The table's old array is empty from then on: its memory is not merely garbage, which a
 * table that has become old would leave until the next collection of all memory, but given back at once. (`ArrayBuffer.transfer` would write the
 * zeros, and so make what is not in use yet resident; memory that is asked for as a whole comes zeroed.)
 */
export function doubled({ buffer }: { buffer: ArrayBuffer }): ArrayBuffer {
  const larger = new ArrayBuffer(2 * buffer.byteLength);
  new Uint8Array(larger).set(new Uint8Array(buffer));
  giveBack({ buffer });
  return larger;
}

/** A table twice as long as `old`, all of `value`. Nothing of the old one is needed, so that its memory is given back first. */
export function doubledAndFilled(old: Int32Array, value: number): Int32Array<ArrayBuffer> {
  const { length } = old;
  giveBack(old);
  return new Int32Array(2 * length).fill(value);
}
