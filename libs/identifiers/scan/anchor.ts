/** Four consecutive characters, each from a set: what the scan kernel searches for on behalf of a pattern. Characters below 256. */
export interface Sequence {
  readonly characters: readonly [string, string, string, string];
}

/**
 * The beginning of a run: at least `least` digits or hexadecimal digits (15 or more); a UUID or MAC address, recognised by the separators among its
 * hexadecimal digits (`........-....-....-....-`, `..:..:..:..:..:` or with dashes).
 */
export type Run = { readonly run: 'digits' | 'hex'; readonly least: number } | { readonly run: 'uuid' | 'mac' };

export type Anchor = Sequence | Run;

export const digits = '0123456789';
export const hexDigits = '0123456789abcdefABCDEF';
export const lowerCase = 'abcdefghijklmnopqrstuvwxyz';
/** Includes the zeros that are read beyond the end. */
export const any = String.fromCharCode(...Array(256).keys());

export function sequence(first: string, second: string, third: string, fourth = any): Sequence {
  return { characters: [first, second, third, fourth] };
}

/** The first three or four characters of a word, in this spelling. */
export function literal(word: string): Sequence {
  return sequence(word[0]!, word[1]!, word[2]!, word[3]);
}

/** The first three or four characters of a word, in upper or lower case. */
export function caseless(word: string): Sequence {
  return sequence(eitherCase(word[0]!), eitherCase(word[1]!), eitherCase(word[2]!), word.length > 3 ? eitherCase(word[3]!) : any);
}

export function eitherCase(characters: string): string {
  return characters.toLowerCase() + characters.toUpperCase();
}
