import type { LogReader } from './log.ts';

/** The encoding of a text that begins with `start`, if its byte order mark says UTF-16; else null. */
export function utf16Of(start: Buffer): 'utf-16le' | 'utf-16be' | null {
  if (start.length < 2) return null;
  const mark = start.readUInt16BE(0);
  if (mark === 0xfffe) return 'utf-16le';
  return mark === 0xfeff ? 'utf-16be' : null;
}

/**
 * A log in UTF-16, as Windows PowerShell writes when output is redirected into a file. It can only be read from its beginning.
 * @param open opens the same log in UTF-8
 */
export function utf16Log(start: Buffer, encoding: 'utf-16le' | 'utf-16be', open: (start: Buffer) => LogReader | null): LogReader | null {
  const reader = open(Buffer.from(new TextDecoder(encoding).decode(start)));
  if (reader === null) return null;
  const decoder = new TextDecoder(encoding);
  return {
    push: (chunk) => reader.push(Buffer.from(decoder.decode(chunk, { stream: true }))),
    finish() {
      reader.push(Buffer.from(decoder.decode()));
      reader.finish();
    },
  };
}
