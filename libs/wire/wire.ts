import { createFlowRecord, flowFields, type FlowRecord } from '#flow';
import { columnsOf, type Row } from './columns.ts';
import { decodeRows, schemaOf } from './decode.ts';
import { RowEncoder } from './encode.ts';

export { WireError, type WireErrorCode } from './errors.ts';
export { limits } from './format.ts';

const columns = columnsOf(flowFields);
const encoder = new RowEncoder(columns);
const schema = schemaOf(columns, createFlowRecord as () => Row);

/**
 * Writes what the probe knows of `records` as one batch: the fields marked `by: 'probe'`, in the format that format.ts describes.
 * Text is kept as UTF-8, so a lone surrogate becomes U+FFFD.
 *
 * Throws {@link WireError}: `too_large` when the batch exceeds {@link limits} (write it as two), `unencodable` when a record holds
 * a value that its field's type does not allow.
 */
export function encodeBatch(records: readonly FlowRecord[]): Buffer {
  return encoder.encode(records as readonly Row[]);
}

/**
 * Reads a batch that this or another release of Telltale wrote. A field that the writer did not know holds its zero value; one
 * that this reader does not know is skipped.
 *
 * Throws {@link WireError} for anything else: its message says what is wrong and where, never what stood there.
 */
export function decodeBatch(bytes: Uint8Array): FlowRecord[] {
  return decodeRows(schema, bytes) as FlowRecord[];
}
