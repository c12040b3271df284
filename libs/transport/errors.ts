/**
 * - `closed`: the log was closed before the records were accepted.
 * - `queue_full`: more sends wait for room than the log allows; await some of them.
 * - `refused`: the brokers reject the records, and retrying will not help; the cause has the reason.
 * - `unavailable`: the brokers were not ready in time.
 */
export type TransportErrorCode = 'closed' | 'queue_full' | 'refused' | 'unavailable';

export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether retrying may succeed: kafkajs marks this on the innermost cause. */
export function isRetriable(error: unknown): boolean {
  let innermost = error as { cause?: unknown; retriable?: boolean };
  while (innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost.retriable !== false && !programmingErrors.some((type) => innermost instanceof type);
}

const programmingErrors = [TypeError, RangeError, ReferenceError, SyntaxError];
