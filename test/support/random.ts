/** Numbers and texts that look random and are the same for the same seed. */
export interface Random {
  /** From 0 to `bound` - 1. */
  integer(bound: number): number;
  digits(length: number): string;
  hex(length: number): string;
  /** Letters and digits. */
  word(length: number): string;
}

/**
 * A small generator of 32-bit numbers that are the same on every machine for the same seed.
 * https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32
 */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

export function generator(seed: number): Random {
  const next = mulberry32(seed);
  const integer = (bound: number): number => next() % bound;
  const text = (alphabet: string) => (length: number) =>
    Array.from({ length }, (_, at) => alphabet[at === 0 && alphabet[0] === '0' ? 1 + integer(alphabet.length - 1) : integer(alphabet.length)]).join(
      '',
    );
  return { integer, digits: text('0123456789'), hex: text('0123456789abcdef'), word: text('abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789') };
}
