/**
 * The memory of a table, with as much again behind it, zeroed. The table's old array is empty from then on: its memory is not merely garbage, which a
 * table that has become old would leave until the next collection of all memory, but given back at once.
 */
export function doubled({ buffer }: { buffer: ArrayBuffer }): ArrayBuffer {
  return buffer.transfer(2 * buffer.byteLength);
}
