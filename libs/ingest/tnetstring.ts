/** The value of a tnetstring. Dictionaries keep the last of several values of a key; keys and texts are UTF-8. */
export type Tnetstring = null | boolean | number | string | Buffer | Tnetstring[] | ReadonlyMap<string, Tnetstring>;

/** Deepest nesting that is read; mitmproxy's flows are six deep. */
const maxDepth = 32;
/** Most digits of a length: more than any length that is accepted. */
const maxLengthDigits = 12;

/** The bytes are not a tnetstring, or one that is nested too deeply. */
export class TnetstringError extends Error {}

/**
 * Where the value of the tnetstring that begins at `at` is: from `start` to `end`, followed by its type. Null when that takes more bytes.
 * @throws {TnetstringError} when none begins there
 */
export function frameOf(bytes: Buffer, at: number): { start: number; end: number } | null {
  let length = 0;
  for (let digit = at; digit < bytes.length; digit++) {
    const code = bytes[digit]!;
    if (code === 0x3a && digit > at) return { start: digit + 1, end: digit + 1 + length };
    if (code < 0x30 || code > 0x39 || digit - at >= maxLengthDigits) throw new TnetstringError('a value does not begin with its length');
    length = length * 10 + code - 0x30;
  }
  return null;
}

/**
 * Reads one tnetstring that fills `bytes`, with the types that mitmproxy adds: `;` text and `^` floating point.
 * https://tnetstrings.info; mitmproxy/io/tnetstring.py. Buffers are parts of `bytes`.
 * @throws {TnetstringError}
 */
export function parseTnetstring(bytes: Buffer): Tnetstring {
  const [value, end] = read(bytes, 0, bytes.length, 0);
  if (end !== bytes.length) throw new TnetstringError('there is more than one value');
  return value;
}

function read(bytes: Buffer, at: number, limit: number, depth: number): [value: Tnetstring, end: number] {
  if (depth > maxDepth) throw new TnetstringError('the value is nested too deep');
  const frame = frameOf(bytes, at);
  if (frame === null || frame.end >= limit) throw new TnetstringError('a value is longer than the one around it');
  const { start, end } = frame;
  return [valueOf(bytes, start, end, depth), end + 1];
}

function valueOf(bytes: Buffer, start: number, end: number, depth: number): Tnetstring {
  switch (String.fromCharCode(bytes[end]!)) {
    case ',': return bytes.subarray(start, end);
    case ';': return bytes.toString('utf8', start, end);
    case '#':
    case '^': return numberOf(bytes.toString('latin1', start, end));
    case '!': return bytes.toString('latin1', start, end) === 'true';
    case '~': return null;
    case ']': return [...values(bytes, start, end, depth)];
    case '}': return dictionaryOf([...values(bytes, start, end, depth)]);
    default: throw new TnetstringError('a value has an unknown type');
  }
}

function numberOf(written: string): number {
  const value = Number(written);
  if (written === '' || Number.isNaN(value)) throw new TnetstringError('a number is malformed');
  return value;
}

function* values(bytes: Buffer, start: number, end: number, depth: number): Generator<Tnetstring> {
  for (let at = start; at < end; ) {
    const [value, next] = read(bytes, at, end, depth + 1);
    yield value;
    at = next;
  }
}

function dictionaryOf(items: readonly Tnetstring[]): ReadonlyMap<string, Tnetstring> {
  if (items.length % 2 !== 0) throw new TnetstringError('a key has no value');
  const dictionary = new Map<string, Tnetstring>();
  for (let at = 0; at < items.length; at += 2) {
    const key = items[at]!;
    if (typeof key !== 'string' && !Buffer.isBuffer(key)) throw new TnetstringError('a key is not text');
    dictionary.set(key.toString(), items[at + 1]!);
  }
  return dictionary;
}
