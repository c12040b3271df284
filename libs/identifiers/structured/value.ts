/** A scalar with the name before it, which is empty if there is none. Integers are given as decimal digits. */
export interface StructuredValue {
  readonly name: string;
  readonly value: string;
  /** Offset of the value's first byte. */
  readonly offset: number;
  readonly isInteger: boolean;
}

/** Bounds on the values of a structure, their nesting depth, and the characters of a name. */
export const mostValues = 256;
export const deepest = 8;
export const longestName = 64;

/** Random bytes yield short strings now and then, but none that looks like a name or a value. */
export function isTelling({ name, value, isInteger }: StructuredValue): boolean {
  return !isInteger && (value.length >= 6 || name !== '');
}
