import { z } from 'zod';

const millisPer: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const bytesPer: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** A duration written as `250ms`, `30s`, `5m`, `4h` or `1d`; parsed to milliseconds. */
export function duration(byDefault: string) {
  return quantity(millisPer, 'a duration such as 250ms, 30s, 5m, 4h or 1d').prefault(byDefault);
}

/** A duration for a timer: Node's timers reduce longer ones to 1 ms. */
export function interval(byDefault: string) {
  const error = 'Expected a duration between 1ms and 24d';
  return duration(byDefault).refine((millis) => millis >= 1 && millis <= 2 ** 31 - 1, { error });
}

/** A size written as `512B`, `64KiB`, `16MiB` or `1GiB`; parsed to bytes. */
export function size(byDefault: string) {
  return quantity(bytesPer, 'a size such as 512B, 64KiB, 16MiB or 1GiB').prefault(byDefault);
}

function quantity(units: Record<string, number>, expected: string) {
  const pattern = new RegExp(`^(\\d{1,9})(${Object.keys(units).join('|')})$`);
  return z.string({ error: `Expected ${expected}` }).regex(pattern, { error: `Expected ${expected}` }).transform((text) => {
    const [, amount = '', unit = ''] = pattern.exec(text) ?? [];
    return Number(amount) * (units[unit] ?? 0);
  });
}
