/** Most bytes that one call searches. */
export const capacity = 16_384;
/** Sequences of one engine: four words of 32 bits. */
export const mostSequences = 128;
/** The word of a result that tells of runs, and its bits. */
export const runWord = mostSequences / 32;
export const runBits = { digits: 1, hex: 2, uuid: 4, mac: 8 } as const;
/** Results are at most that many a byte: each word of sequences, and fewer than three of runs. */
export const mostResults = mostSequences / 32 + 3;

/** How many digits or hexadecimal digits in a row count, at least 15. */
export interface LeastRuns {
  readonly digits: number;
  readonly hex: number;
}

/** Searches what was put into `input`. The WebAssembly kernel is one, its plain twin the other. */
export interface ScanEngine {
  /** Write up to {@link capacity} bytes here, from the start. */
  readonly input: Buffer;
  /**
   * In pairs: `position << 8 | word`, and bits: the sequences `32 * word + bit` stand there, or, where the word is {@link runWord}, one of
   * {@link runBits} begins there. Positions of each bit ascend.
   */
  readonly results: Int32Array;
  /**
   * Finds sequences (a byte behind the end counts as zero); where as many digits or hexadecimal digits as are asked for begin; and where, among
   * hexadecimal digits and separators, the separators are those of a UUID or MAC address, the first with none behind it. Writes
   * {@link results} and returns the number of pairs.
   */
  scan(length: number): number;
}
