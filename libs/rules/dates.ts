import { z } from 'zod';
import type { TimePart } from './expression.ts';

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

/** A part of a time in UTC, as Sigma's time modifiers give it: months from 1, weeks as in ISO 8601. */
export function timePart(micros: number, part: TimePart): number {
  const date = new Date(micros / 1_000);
  switch (part) {
    case 'minute': return date.getUTCMinutes();
    case 'hour': return date.getUTCHours();
    case 'day': return date.getUTCDate();
    case 'week': return isoWeek(date);
    case 'month': return date.getUTCMonth() + 1;
    case 'year': return date.getUTCFullYear();
  }
}

/** A date belongs to the week of the nearest Thursday; week 1 is the one with the year's first Thursday. */
function isoWeek(date: Date): number {
  const millisPerDay = microsPerDay / 1_000;
  const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  const thursday = day + (4 - (date.getUTCDay() || 7)) * millisPerDay;
  const firstOfYear = Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1);
  return 1 + Math.floor((thursday - firstOfYear) / millisPerDay / 7);
}
