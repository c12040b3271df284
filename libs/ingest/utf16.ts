import type { LogReader } from './log.ts';

export type Utf16 = 'utf-16le' | 'utf-16be';

/** The encoding of a text that begins with `start`, where its byte order mark says UTF-16. */
export function utf16Of(start: Buffer): Utf16 | null {
  if (start.length < 2) return null;
  const mark = start.readUInt16BE(0);
  if (mark === 0xfffe) return 'utf-16le';
  return mark === 0xfeff ? 'utf-16be' : null;
}

/**
 * A log in UTF-16, as Windows PowerShell redirects into a file what a program prints.
 *
 * @param isBeginning what is pushed begins with the byte order mark
 * @param open opens the log that it is in UTF-8
 */
export function utf16Log(start: Buffer, encoding: Utf16, isBeginning: boolean, open: (start: Buffer) => LogReader | null): LogReader | null {
  const reader = open(Buffer.from(new TextDecoder(encoding).decode(start)));
  if (reader === null) return null;
  const decoder = new TextDecoder(encoding, { ignoreBOM: !isBeginning });
  /** Bytes that were pushed, without the mark, and characters of two bytes that they were decoded to: the last ones may wait for their second half. */
  let bytes = isBeginning ? -2 : 0;
  let characters = 0;
  /** Characters behind the last line end. */
  let ofLine = 0;
  return {
    push(chunk) {
      const text = decoder.decode(chunk, { stream: true });
      bytes += chunk.length;
      characters += text.length;
      const lineEnd = text.lastIndexOf('\n');
      ofLine = lineEnd < 0 ? ofLine + text.length : text.length - lineEnd - 1;
      reader.push(Buffer.from(text));
    },
    finish() {
      reader.push(Buffer.from(decoder.decode()));
      reader.finish();
    },
    // Where reading can go on in the text, it is behind a line end.
    ...(reader.mark && { mark: () => ({ ...reader.mark!(), unread: Math.max(0, bytes - 2 * (characters - ofLine)) }) }),
  };
}

/** Where, in text of the encoding of the log that begins with `start`, the first line ends; 0 where none does. */
export function firstLineEnd(start: Buffer, text: Buffer): number {
  const encoding = utf16Of(start);
  if (encoding === null) return text.indexOf(0x0a) + 1;
  const lineEnd = encoding === 'utf-16le' ? 0x0a00 : 0x000a;
  for (let at = 0; at + 2 <= text.length; at += 2) if (text.readUInt16BE(at) === lineEnd) return at + 2;
  return 0;
}
