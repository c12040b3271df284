import { createFlowRecord, flowFields, type FlowRecord } from '#flow';
import { columnsOf, type Row } from './columns.ts';
import { decodeRows, schemaOf } from './decode.ts';
import { RowEncoder } from './encode.ts';
import { WireError } from './errors.ts';
import { limits } from './format.ts';

export { WireError, type WireErrorCode } from './errors.ts';
export { limits } from './format.ts';

const columns = columnsOf(flowFields);
const encoder = new RowEncoder(columns);
const schema = schemaOf(columns, createFlowRecord as () => Row);

/**
 * Writes the probe's part of `records` as one batch: the fields marked `by: 'probe'`, in the format that format.ts describes.
 * Text is stored as UTF-8, so that a lone surrogate becomes U+FFFD.
 *
 * Throws {@link WireError}: `too_large` when the batch exceeds {@link limits} (write it as two), `unencodable` when a record holds
 * a value that its field's type does not allow.
 */
export function encodeBatch(records: readonly FlowRecord[]): Buffer {
  checkLength(records.length);
  return encoder.encode(records as readonly Row[]);
}

/**
 * A batch that is written while its records are made. It copies their values and keeps no record: records waiting for a batch to fill would
 * outlive young-generation collections, and cost more to move than to write.
 */
export class BatchWriter {
  readonly #room: number;
  readonly #encoder = new RowEncoder(columns);

  /** @param room how many records it takes at most. Throws {@link WireError} `too_large` when that exceeds the format's limit. */
  constructor(room: number) {
    checkLength(room);
    this.#room = room;
  }

  /** How many records have been added. */
  get length(): number {
    return this.#encoder.rows;
  }

  get isFull(): boolean {
    return this.length === this.#room;
  }

  /** Adds a record; the batch must not be full. */
  add(record: FlowRecord): void {
    if (this.isFull) throw new RangeError('the batch is full');
    this.#encoder.add(record as Row);
  }

  /** The records added so far, as {@link encodeBatch} writes them. It is empty afterwards, even when that throws. */
  take(): Buffer {
    return this.#encoder.take();
  }
}

function checkLength(records: number): void {
  if (records > limits.records)
    throw new WireError('too_large', 0, `there are ${records} records, and at most ${limits.records} are allowed in a batch`);
}

/**
 * Reads a batch that this or another release of Telltale wrote. A field that the writer did not know has its zero value; one that this
 * reader does not know is skipped. Throws {@link WireError} for anything else: its message says what is wrong and where, never what was
 * there.
 */
export function decodeBatch(bytes: Uint8Array): FlowRecord[] {
  return decodeRows(schema, bytes) as FlowRecord[];
}
