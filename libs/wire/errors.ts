/**
 * - `unknown_version`: the first byte names no version this reader knows.
 * - `unknown_compression`: the second byte names no known compression.
 * - `corrupt`: the compressed body does not decompress.
 * - `truncated`: the body ends before its content does.
 * - `malformed`: the body contradicts itself.
 * - `too_large`: a bound of the format is exceeded, on either side.
 * - `unencodable`: a record to be written holds a value that its field's type does not allow.
 */
export type WireErrorCode = 'unknown_version' | 'unknown_compression' | 'corrupt' | 'truncated' | 'malformed' | 'too_large' | 'unencodable';

/** What is wrong with a batch and where; never its content. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;
  /** Byte in the message, or in its decompressed body once that is being read; 0 when a record could not be written. */
  readonly offset: number;

  constructor(code: WireErrorCode, offset: number, message: string) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}
