/** Printable characters, by code, on which the code pages 037 and 500 agree. */
const characters = Array.from({ length: 256 }, () => '\uFFFD');

/** The first code of each run, and its characters. */
const runs: readonly (readonly [number, string])[] = [
  [0x40, ' '], [0x4b, '.<(+'], [0x50, '&'], [0x5b, '$*);'], [0x60, '-/'], [0x6b, ',%_>?'], [0x7a, ':#@\'="'],
  [0x81, 'abcdefghi'], [0x91, 'jklmnopqr'], [0xa2, 'stuvwxyz'], [0xc1, 'ABCDEFGHI'], [0xd1, 'JKLMNOPQR'], [0xe2, 'STUVWXYZ'], [0xf0, '0123456789'],
];
for (const [first, text] of runs) for (let i = 0; i < text.length; i++) characters[first + i] = text[i]!;

/** Decodes EBCDIC as used by mainframes; codes on which code pages disagree become U+FFFD. */
export function decodeEbcdic(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) text += characters[byte];
  return text;
}
