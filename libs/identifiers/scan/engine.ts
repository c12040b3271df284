/** Most bytes that one call searches. */
export const capacity = 16_384;
/** Bits of a result of {@link ScanEngine.runs}. */
export const runBits = { digits: 1, hex: 2, uuid: 4, mac: 8 } as const;
/** Results of runs are at most that many a byte: each kind of run, and MAC addresses with either separator. */
export const mostRuns = 4;

/** Searches what was put into `input`. The WebAssembly kernel is one, its plain twin the other. */
export interface ScanEngine {
  /** Write up to {@link capacity} bytes here, from the start. */
  readonly input: Buffer;
  /** `position << 8 | buckets` each. */
  readonly literalResults: Uint32Array;
  /** `position << 8 | bit` each, ascending for each bit and separator. */
  readonly runResults: Uint32Array;
  /**
   * Finds positions at which three bytes belong to a bucket, by its nibble tables; a byte behind the end counts as zero. Writes
   * {@link literalResults}, in ascending order, and returns their number.
   */
  literals(length: number): number;
  /**
   * Finds where runs of at least `leastDigits` and `leastHex` bytes begin (1 to 64), and bytes whose separators are those of a UUID or
   * MAC address. Writes {@link runResults} and returns their number.
   */
  runs(length: number, leastDigits: number, leastHex: number): number;
}
