const deepest = 8;
const mostElements = 1024;

const [STRING, DOCUMENT, ARRAY, BINARY] = [2, 3, 4, 5];
/** Sizes in bytes of fixed-length values, by type (https://bsonspec.org/spec.html). */
const fixed = new Map([[1, 8], [6, 0], [7, 12], [8, 1], [9, 8], [10, 0], [16, 4], [17, 8], [18, 8], [19, 16], [127, 0], [255, 0]]);
/** Types of length-prefixed values: text, code, symbol. */
const counted = new Set([STRING, 13, 14]);
const REGULAR_EXPRESSION = 11;

/**
 * Visits the strings and binary values of the BSON document that begins at `start`, with their names and nesting depth. Returns where it
 * ends; -1 if it is not a document or exceeds the bounds, after visiting everything before the error.
 */
export function visitBson(bytes: Buffer, start: number, visit: (name: string, value: Buffer, depth: number) => void): number {
  let left = mostElements;
  const document = (at: number, depth: number): number => {
    if (at + 5 > bytes.length || depth > deepest) return -1;
    const end = at + bytes.readInt32LE(at);
    if (end < at + 5 || end > bytes.length || bytes[end - 1] !== 0) return -1;
    at += 4;
    while (at < end - 1) {
      const type = bytes[at]!;
      const zero = bytes.indexOf(0, at + 1);
      if (zero < 0 || zero >= end || --left < 0) return -1;
      const name = bytes.toString('utf8', at + 1, zero);
      at = element(type, name, zero + 1, depth);
      if (at < 0 || at >= end) return -1;
    }
    return end;
  };
  const element = (type: number, name: string, at: number, depth: number): number => {
    const size = fixed.get(type);
    if (size !== undefined) return at + size;
    if (type === DOCUMENT || type === ARRAY) return document(at, depth + 1);
    if (type === REGULAR_EXPRESSION) {
      const zero = bytes.indexOf(0, at);
      return zero < 0 ? -1 : bytes.indexOf(0, zero + 1) + 1 || -1;
    }
    if (!(counted.has(type) || type === BINARY) || at + 5 > bytes.length) return -1;
    const length = bytes.readInt32LE(at);
    const value = type === BINARY ? at + 5 : at + 4;
    if (length < 0 || value + length > bytes.length) return -1;
    if (type === STRING) visit(name, bytes.subarray(value, value + Math.max(0, length - 1)), depth);
    if (type === BINARY) visit(name, bytes.subarray(value, value + length), depth);
    return value + length;
  };
  return document(start, 0);
}
