import { z } from 'zod';

const microsPerDay = 86_400_000_000;

/** A day in UTC, `2025-04-08`. */
export const daySchema = z.iso.date();

/** First microsecond of the day. */
export function startOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) * 1_000;
}

/** Last microsecond of the day. */
export function endOfDay(day: string): number {
  return startOfDay(day) + microsPerDay - 1;
}
