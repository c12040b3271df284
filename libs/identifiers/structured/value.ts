/** A scalar with the name in front of it; empty when it has none. Integers come as their decimal digits. */
export interface StructuredValue {
  readonly name: string;
  readonly value: string;
  /** Of the value's first byte. */
  readonly offset: number;
  readonly isInteger: boolean;
}

/** Values of a structure that are taken; how deep they may stand in it; and characters of a name. */
export const mostValues = 256;
export const deepest = 8;
export const longestName = 64;

/** Random bytes give short strings now and then, but none that looks like a name or a value. */
export function isTelling({ name, value, isInteger }: StructuredValue): boolean {
  return !isInteger && (value.length >= 6 || name !== '');
}
