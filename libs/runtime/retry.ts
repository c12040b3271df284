import { setTimeout as sleep } from 'node:timers/promises';

export interface Backoff {
  /** First pause, in milliseconds. */
  readonly minMillis: number;
  /** Longest pause, in milliseconds. */
  readonly maxMillis: number;
}

export interface RetryOptions extends Backoff {
  /** Ends the retries: the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Maximum number of attempts; by default, unlimited until success or abort. */
  readonly attempts?: number;
  /** Errors that are not retried. */
  readonly isPermanent?: (error: unknown) => boolean;
  /** Called before each pause, for a counter and a log line. */
  readonly onRetry?: (error: unknown, pauseMillis: number, attempt: number) => void;
  /** Uniform in [0, 1); `Math.random` by default. */
  readonly random?: () => number;
}

/**
 * Pause before attempt `attempt + 1`, in milliseconds: doubles with each attempt up to the maximum, and half of it is random, so that clients that
 * failed together do not return together.
 *
 * @param attempt attempts made so far, from 1.
 */
export function backoffMillis(attempt: number, { minMillis, maxMillis }: Backoff, random: () => number = Math.random): number {
  const ceiling = Math.min(maxMillis, minMillis * 2 ** Math.min(attempt - 1, 40));
  return ceiling / 2 + random() * (ceiling / 2);
}

/** Runs `operation` until it succeeds. Rejects with its last error, or with the reason of the abort. */
export async function retry<T>(operation: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, attempts = Infinity, isPermanent = () => false, onRetry, random } = options;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await operation(attempt);
    } catch (error) {
      if (attempt >= attempts || isPermanent(error)) throw error;
      signal?.throwIfAborted();
      const pause = backoffMillis(attempt, options, random);
      onRetry?.(error, pause, attempt);
      await pauseFor(pause, signal);
    }
  }
}

/** Waits; rejects with the reason of the abort. */
export async function pauseFor(millis: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(millis, undefined, signal ? { signal } : {});
  } catch {
    signal?.throwIfAborted();
  }
}
