import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `condition` holds; rejects with an error that names `what` when that takes too long. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, patienceMillis = 60_000): Promise<void> {
  for (const deadline = Date.now() + patienceMillis; !await condition();) {
    if (Date.now() > deadline) throw new Error(`not within ${patienceMillis / 1000} seconds: ${what}`);
    await sleep(20);
  }
}
