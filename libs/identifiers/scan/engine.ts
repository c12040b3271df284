/** Most bytes that one call searches. */
export const capacity = 16_384;
/** Bits of a result of {@link ScanEngine.runs}. */
export const runBits = { digits: 1, hex: 2, uuid: 4, mac: 8 } as const;
/** Results of runs are at most that many a byte: each kind of run, and MAC addresses with either separator. */
export const mostRuns = 4;

/** Sequences of one engine. */
export const mostSequences = 128;

/** Searches what was put into `input`. The WebAssembly kernel is one, its plain twin the other. */
export interface ScanEngine {
  /** Write up to {@link capacity} bytes here, from the start. */
  readonly input: Buffer;
  /** In pairs: `position << 8 | word`, and bits: the sequences `32 * word + bit` stand there. */
  readonly sequenceResults: Int32Array;
  /** `position << 8 | bit` of {@link runBits} each, ascending for each bit and separator. */
  readonly runResults: Int32Array;
  /** Finds the sequences; a byte behind the end counts as zero. Writes {@link sequenceResults}, ascending, and returns the number of pairs. */
  sequences(length: number): number;
  /**
   * Finds where runs of at least `leastDigits` (15 to 64) and `leastHex` (31 to 64) bytes begin, and bytes whose separators are those of a UUID or
   * MAC address, the first with none behind it. Writes {@link runResults} and returns their number.
   */
  runs(length: number, leastDigits: number, leastHex: number): number;
}
