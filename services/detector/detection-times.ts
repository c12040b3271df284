/**
 * Rows stored before a detection's last run that it looks at once more: an insert takes time, and may be confirmed so long after the time on its
 * rows. µs
 */
export const overlapMicros = 300_000_000;

/** From when on a run looks at what was stored, by the time of its last run (µs): milliseconds, for `fromUnixTimestamp64Milli({since:Int64})`. */
export function storedFrom(since: number): string {
  return String(Math.floor(Math.max(0, since - overlapMicros) / 1000));
}

/** `2026-08-01T11:48:02Z`, of µs. */
export function secondOf(micros: number): string {
  return `${new Date(micros / 1000).toISOString().slice(0, 19)}Z`;
}

/** `2026-08-01`, of µs. */
export function dayOf(micros: number): string {
  return secondOf(micros).slice(0, 10);
}
