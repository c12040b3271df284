/**
 * A detection examines rows again that were stored this long before its last run: an insert takes time, and may be confirmed that long after the
 * time on its rows. µs
 */
export const overlapMicros = 300_000_000;

/** From when on a run examines stored rows, given the time of the last run (µs): milliseconds, for `fromUnixTimestamp64Milli({since:Int64})`. */
export function storedFrom(since: number): string {
  return String(Math.floor(Math.max(0, since - overlapMicros) / 1000));
}

/** `2026-08-01T11:48:02Z`, from µs. */
export function secondOf(micros: number): string {
  return `${new Date(micros / 1000).toISOString().slice(0, 19)}Z`;
}

/** `2026-08-01`, from µs. */
export function dayOf(micros: number): string {
  return secondOf(micros).slice(0, 10);
}
