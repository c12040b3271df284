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

export function innermostCause(error: unknown): Error {
  let innermost = error as Error;
  while (innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost;
}

/** Whether retrying may succeed: kafkajs marks this on the innermost cause. */
export function isRetriable(error: unknown): boolean {
  const innermost = innermostCause(error) as Error & { retriable?: boolean };
  return innermost.retriable !== false && !programmingErrors.some((type) => innermost instanceof type);
}

const programmingErrors = [TypeError, RangeError, ReferenceError, SyntaxError];
