import type { Tnetstring } from '../tnetstring.ts';

/** A tnetstring as mitmproxy writes it: dictionaries from the last key to the first. */
export function writeTnetstring(value: Tnetstring): Buffer {
  const framed = (content: Buffer, type: string): Buffer => Buffer.concat([Buffer.from(`${content.length}:`), content, Buffer.from(type)]);
  if (value === null) return framed(Buffer.alloc(0), '~');
  if (typeof value === 'boolean') return framed(Buffer.from(String(value)), '!');
  if (typeof value === 'number') return framed(Buffer.from(String(value)), Number.isInteger(value) ? '#' : '^');
  if (typeof value === 'string') return framed(Buffer.from(value), ';');
  if (Buffer.isBuffer(value)) return framed(value, ',');
  if (Array.isArray(value)) return framed(Buffer.concat(value.map(writeTnetstring)), ']');
  return framed(Buffer.concat([...value].toReversed().flat().map(writeTnetstring)), '}');
}

/** A dictionary from an object. */
export function dictionary(object: Readonly<Record<string, Tnetstring>>): Tnetstring {
  return new Map(Object.entries(object));
}
