import { hint } from './kind.ts';

/** Hint bits by a pair of 7-bit characters: `previous << 7 | current`. */
const pairHints = new Uint16Array(1 << 14);

function onPair(pair: string, bits: number): void {
  pairHints[(pair.charCodeAt(0) << 7) | pair.charCodeAt(1)]! |= bits;
}

function onCharacter(character: string, bits: number): void {
  for (let previous = 0; previous < 128; previous++) pairHints[(previous << 7) | character.charCodeAt(0)]! |= bits;
}

onCharacter('@', hint.at);
for (const character of '=:>') onCharacter(character, hint.assignment);
onCharacter('%', hint.percent);
for (const digit of '0123456789') onPair(`+${digit}`, hint.plusDigit);
for (const digit of '0123456789abcdefABCDEF') for (const separator of ':-') onPair(digit + separator, hint.hexSeparator);
onPair('ey', hint.jwt);
for (const pair of ['zo', 'Zo', 'ZO']) onPair(pair, hint.zoom);
for (const pair of ['si', 'Si', 'SI']) onPair(pair, hint.sip);
for (const pair of [
  'AK', 'AS', 'AB', 'AC', 'AI', 'AP', 'gh', 'gi', 'xo', 'sk', 'rk', 'SG', 'LT', 'a-', 'ya', 'GO', 'gl', 'np', 'hf', '_v', 'sh', 'SK', 'py', 'da', 'NR', 'xa', ':A',
  '/T', 'GE', 'sq', 'y-', 'Ac',
]) onPair(pair, hint.vendorPrefix);

const digitsOfResidentId = 17;

/** Which {@link hint} bits stand in `text` between `start` and `end`. One pass, no allocation. */
export function hintsOf(text: string, start = 0, end = text.length): number {
  let bits = 0;
  let previous = 0;
  let digits = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    const current = code < 128 ? code : 0;
    bits |= pairHints[(previous << 7) | current]!;
    if (current >= 0x30 && current <= 0x39) {
      if (++digits === digitsOfResidentId) bits |= hint.longDigits;
    } else digits = 0;
    previous = current;
  }
  return bits;
}

/** As {@link hintsOf}, of bytes. */
export function hintsOfBytes(bytes: Uint8Array, start: number, end: number): number {
  let bits = 0;
  let previous = 0;
  let digits = 0;
  for (let i = start; i < end; i++) {
    const code = bytes[i]!;
    const current = code < 128 ? code : 0;
    bits |= pairHints[(previous << 7) | current]!;
    if (current >= 0x30 && current <= 0x39) {
      if (++digits === digitsOfResidentId) bits |= hint.longDigits;
    } else digits = 0;
    previous = current;
  }
  return bits;
}
