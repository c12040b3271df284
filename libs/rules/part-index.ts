/** Texts shorter than this are searched for one by one. */
const gramLength = 3;
const tableSize = 32_768;

interface Entry {
  readonly text: string;
  /** Offset in the text of the gram that leads to it. */
  readonly at: number;
  readonly rules: readonly number[];
}

/**
 * Finds which of many texts occur in a value, in time that hardly depends on how many there are. One gram (three characters) of each text
 * is entered in a bit table; where a gram of the value is in the table, the texts with that gram are compared.
 */
export class PartIndex {
  readonly #short: readonly { text: string; rules: readonly number[] }[];
  readonly #bits = new Uint32Array(tableSize / 32);
  readonly #entries = new Map<number, Entry[]>();

  constructor(texts: ReadonlyMap<string, readonly number[]>) {
    this.#short = [...texts].filter(([text]) => text.length < gramLength).map(([text, rules]) => ({ text, rules }));
    const long = [...texts].filter(([text]) => text.length >= gramLength);
    const frequency = new Map<number, number>();
    for (const [text] of long)
      for (let i = 0; i + gramLength <= text.length; i += 1) frequency.set(gramAt(text, i), (frequency.get(gramAt(text, i)) ?? 0) + 1);
    for (const [text, rules] of long) {
      // The gram that the fewest texts have is the most selective.
      let at = 0;
      for (let i = 1; i + gramLength <= text.length; i += 1) if (frequency.get(gramAt(text, i))! < frequency.get(gramAt(text, at))!) at = i;
      const gram = gramAt(text, at);
      this.#bits[gram >>> 5]! |= 1 << (gram & 31);
      const entries = this.#entries.get(gram);
      if (entries) entries.push({ text, at, rules });
      else this.#entries.set(gram, [{ text, at, rules }]);
    }
  }

  /** Calls `found` with the rules of each text that occurs in `value`; for a text that occurs twice, perhaps twice. */
  search(value: string, found: (rules: readonly number[]) => void): void {
    for (const { text, rules } of this.#short) if (value.includes(text)) found(rules);
    if (value.length < gramLength) return;
    let gram = (value.charCodeAt(0) << 5) ^ value.charCodeAt(1);
    for (let i = 0, next = gramLength - 1; next < value.length; i += 1, next += 1) {
      // The mask drops the bits of the character before the gram.
      gram = ((gram << 5) ^ value.charCodeAt(next)) & (tableSize - 1);
      if ((this.#bits[gram >>> 5]! & (1 << (gram & 31))) === 0) continue;
      const entries = this.#entries.get(gram);
      if (entries !== undefined) for (const { text, at, rules } of entries) if (i >= at && value.startsWith(text, i - at)) found(rules);
    }
  }
}

function gramAt(text: string, at: number): number {
  return ((text.charCodeAt(at) << 10) ^ (text.charCodeAt(at + 1) << 5) ^ text.charCodeAt(at + 2)) & (tableSize - 1);
}
