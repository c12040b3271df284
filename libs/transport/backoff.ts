import { backoffMillis, pauseFor } from '#runtime';

const pauses = { minMillis: 100, maxMillis: 30_000 };

/** Waits before the attempt that follows failure number `failures` (from 1); ends at once when the signal is aborted. */
export function backoff(failures: number, signal: AbortSignal): Promise<void> {
  return pauseFor(backoffMillis(failures, pauses), signal).catch(() => undefined);
}
