export type CaptureErrorCode = 'empty' | 'not_a_capture' | 'compressed' | 'unsupported_version' | 'truncated' | 'bad_record' | 'bad_block';

/** The input is not a capture, or cannot be read beyond `offset` (bytes from its start). */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  readonly code: CaptureErrorCode;
  readonly offset: number;

  constructor(code: CaptureErrorCode, offset: number, message: string) {
    super(offset === 0 ? message : `${message} (at byte ${offset})`);
    this.code = code;
    this.offset = offset;
  }
}
