/** Helpers that write the bytes of a message, big-endian. */

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

export function u8(value: number): Buffer {
  return Buffer.from([value]);
}

export function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

export function u32(value: number): Buffer {
  return Buffer.from([value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]);
}

/** The parts concatenated; text as UTF-8. */
export function bytes(...parts: (Buffer | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part as Buffer)));
}

/** The parts with a length prefix. */
export function prefixed(length: (value: number) => Buffer, ...parts: (Buffer | string)[]): Buffer {
  const body = bytes(...parts);
  return bytes(length(body.length), body);
}
