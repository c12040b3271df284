import type { FieldList, Place } from './fieldlist.ts';
import { parameterOf } from './http-head.ts';
import { isName, stepOf } from './path.ts';
import { decodeUtf8 } from './urlencoded.ts';

/**
 * Adds the values of a multipart/form-data body (RFC 7578). File contents are skipped, file names are not.
 * Of a truncated last part, the available values are added.
 */
export function addMultipart(list: FieldList, bytes: Buffer, boundary: string, place: Place): void {
  const delimiter = `--${boundary}`;
  let start = bytes.indexOf(delimiter, 0, 'latin1');
  while (start >= 0) {
    start += delimiter.length;
    if (bytes[start] === HYPHEN && bytes[start + 1] === HYPHEN) return;
    const next = bytes.indexOf(`\n${delimiter}`, start, 'latin1');
    addPart(list, bytes.subarray(0, next < 0 ? bytes.length : next), start, place);
    start = next < 0 ? -1 : next + 1;
  }
}

/** Adds the part that begins at `start` and extends to the end. */
function addPart(list: FieldList, bytes: Buffer, start: number, { path, frames, encoding }: Place): void {
  const headEnd = bytes.indexOf('\r\n\r\n', start, 'latin1');
  if (headEnd < 0) return;
  const head = bytes.toString('latin1', start, headEnd);
  const headFrame = frames.frameAt(headEnd - 1);
  const disposition = /(?:^|\n)content-disposition:([^\r\n]*)/i.exec(head)?.[1] ?? '';
  const name = decodeUtf8(parameterOf(disposition, 'name'));
  const filename = decodeUtf8(parameterOf(disposition, 'filename'));
  if (!isName(name)) list.add(path, '', name, encoding, headFrame);
  const partPath = name === '' ? path : `${path}.${stepOf(name)}`;
  if (filename !== '') return list.add(`${partPath}.filename`, 'filename', filename, encoding, headFrame);
  const valueStart = headEnd + 4;
  const valueEnd = bytes.at(-1) === CR ? bytes.length - 1 : bytes.length;
  if (valueEnd <= valueStart) return;
  list.add(partPath, name, bytes.toString('utf8', valueStart, valueEnd), encoding, frames.frameAt(valueEnd - 1));
}

const HYPHEN = 0x2d;
const CR = 0x0d;
