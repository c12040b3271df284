import type { FieldList, FrameMap } from './fieldlist.ts';
import { parameterOf } from './http-head.ts';
import { isName, stepOf } from './path.ts';
import { decodeUtf8 } from './urlencoded.ts';

/**
 * Adds the values of a multipart/form-data body (RFC 7578). The content of files is left out, their names are not.
 * A last part that is cut yields what was there.
 */
export function addMultipart(list: FieldList, path: string, bytes: Buffer, boundary: string, frames: FrameMap, encoding: string): void {
  const delimiter = `--${boundary}`;
  let start = bytes.indexOf(delimiter, 0, 'latin1');
  while (start >= 0) {
    start += delimiter.length;
    if (bytes[start] === 0x2d && bytes[start + 1] === 0x2d) return;
    const next = bytes.indexOf(`\n${delimiter}`, start, 'latin1');
    addPart(list, path, bytes, start, next < 0 ? bytes.length : next, frames, encoding);
    start = next < 0 ? -1 : next + 1;
  }
}

function addPart(list: FieldList, path: string, bytes: Buffer, start: number, end: number, frames: FrameMap, encoding: string): void {
  const headLength = bytes.subarray(start, end).indexOf('\r\n\r\n', 0, 'latin1');
  if (headLength < 0) return;
  const headEnd = start + headLength;
  const head = bytes.toString('latin1', start, headEnd);
  const disposition = /(?:^|\n)content-disposition:([^\r\n]*)/i.exec(head)?.[1] ?? '';
  const name = decodeUtf8(parameterOf(disposition, 'name'));
  const filename = decodeUtf8(parameterOf(disposition, 'filename'));
  if (!isName(name)) list.add(path, '', name, encoding, frames.frameAt(headEnd - 1));
  const partPath = name === '' ? path : `${path}.${stepOf(name)}`;
  if (filename !== '') {
    list.add(`${partPath}.filename`, 'filename', filename, encoding, frames.frameAt(headEnd - 1));
    return;
  }
  const valueStart = headEnd + 4;
  const valueEnd = bytes[end - 1] === 0x0d ? end - 1 : end;
  if (valueEnd <= valueStart) return;
  list.add(partPath, name, bytes.toString('utf8', valueStart, valueEnd), encoding, frames.frameAt(valueEnd - 1));
}
