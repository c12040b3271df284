/** Maximum number of bytes searched by one call. */
export const capacity = 16_384;
/** Maximum number of sequences per engine: four words of 32 bits. */
export const mostSequences = 128;
/** The word of a result that denotes runs, and its bits. */
export const runWord = mostSequences / 32;
export const runBits = { digits: 1, hex: 2, uuid: 4, mac: 8 } as const;
/** Maximum number of results per byte: each word of sequences, and fewer than three of runs. */
export const mostResults = mostSequences / 32 + 3;

/** Minimum number of consecutive digits or hexadecimal digits that count, at least 15. */
export interface LeastRuns {
  readonly digits: number;
  readonly hex: number;
}

/** Searches the content of `input`. Implemented by the WebAssembly kernel and by its plain twin. */
export interface ScanEngine {
  /** Write up to {@link capacity} bytes here, from the start. */
  readonly input: Buffer;
  /**
   * Pairs of `position << 8 | word` and bits: the sequences `32 * word + bit` are at the position, or, if the word is {@link runWord}, one of {@link
   * runBits} begins there. For each bit, positions ascend.
   */
  readonly results: Int32Array;
  /**
   * Finds sequences (a byte beyond the end counts as zero); the beginnings of runs of at least the required number of digits or hexadecimal digits;
   * and, among hexadecimal digits and separators, the beginnings of UUIDs and MAC addresses by their separators, the first of which is not followed
   * by another. Writes {@link results} and returns the number of pairs.
   */
  scan(length: number): number;
}
