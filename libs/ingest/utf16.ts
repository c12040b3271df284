import type { LogReader } from './log.ts';

export type Utf16 = 'utf-16le' | 'utf-16be';

/** The encoding of a text that begins with `start`, if its byte order mark says UTF-16; else null. */
export function utf16Of(start: Buffer): Utf16 | null {
  if (start.length < 2) return null;
  const mark = start.readUInt16BE(0);
  if (mark === 0xfffe) return 'utf-16le';
  return mark === 0xfeff ? 'utf-16be' : null;
}

/**
 * A log in UTF-16, as Windows PowerShell writes when output is redirected into a file.
 *
 * @param isBeginning what is pushed begins with the byte order mark
 * @param open opens the same log in UTF-8
 */
export function utf16Log(start: Buffer, encoding: Utf16, isBeginning: boolean, open: (start: Buffer) => LogReader | null): LogReader | null {
  const reader = open(Buffer.from(new TextDecoder(encoding).decode(start)));
  if (reader === null) return null;
  const decoder = new TextDecoder(encoding, { ignoreBOM: !isBeginning });
  /** Pushed bytes, without the mark, and the two-byte characters decoded from them: the last byte may be waiting for its second half. */
  let bytes = isBeginning ? -2 : 0;
  let characters = 0;
  /** Characters after the last line end. */
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
    // In the text, reading can only resume after a line end.
    ...(reader.mark && { mark: () => ({ ...reader.mark!(), unread: Math.max(0, bytes - 2 * (characters - ofLine)) }) }),
  };
}

/** Offset after the first line end in `text`, which has the encoding of the log that begins with `start`; 0 without one. */
export function firstLineEnd(start: Buffer, text: Buffer): number {
  const encoding = utf16Of(start);
  if (encoding === null) return text.indexOf(0x0a) + 1;
  const lineEnd = encoding === 'utf-16le' ? 0x0a00 : 0x000a;
  for (let at = 0; at + 2 <= text.length; at += 2) if (text.readUInt16BE(at) === lineEnd) return at + 2;
  return 0;
}
