import { setTimeout as sleep } from 'node:timers/promises';

const firstMillis = 100;
const longestMillis = 10_000;

/** Waits before the attempt that follows the `failures`th failure: 100 ms, doubled each time up to 10 s, less up to half at random. */
export async function backoff(failures: number, signal: AbortSignal): Promise<void> {
  const millis = Math.min(longestMillis, firstMillis * 2 ** (failures - 1)) * (1 - Math.random() / 2);
  await sleep(millis, undefined, { signal }).catch(() => undefined);
}
