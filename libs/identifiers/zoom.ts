import type { Visit } from './kind.ts';
import { matchAround, type Match, type Reach } from './shape.ts';

/**
 * Meeting numbers have 11 digits, personal ones 10, and those scheduled before April 2020 may have 9.
 * https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0065196
 */
const meeting =
  /(?<![\w-])(?:[\w-]{1,63}\.){0,3}zoom(?:gov)?\.(?:us|com|com\.cn)\/(?:wc\/)?(?:join|j|s|w|wc)\/(\d{9,11})(?!\d)(?:\?[\w.=&%~-]{0,256})?/gi;
/** The part after the subdomains: most texts that contain the name have no link. */
const path = /zoom(?:gov)?\.(?:us|com)[\w./]{3,16}\d{9}/iy;
/** Around its `zoo`: three subdomains before it, path and query after it. */
const link: Reach = { pattern: meeting, before: 192, after: 300 };
const secret = /[?&]pwd=([\w.~%-]{4,128})/i;

export function isMeetingNumber(value: string): boolean {
  const digits = value.replaceAll(/[ -]/g, '');
  return /^[1-9]\d{8,10}$/.test(digits) && new Set(digits).size > 2;
}

function linkAround(text: string, at: number, from: number): Match | null {
  path.lastIndex = at;
  return path.test(text) ? matchAround(link, text, at, from) : null;
}

/** Finds the number in `zoom.us/j/12345678901`, whose `zoo` is at `at`. */
export function findMeetingNumber(text: string, at: number, from: number, visit: Visit): number {
  const found = linkAround(text, at, from);
  if (found === null) return from;
  const number = found.groups[0]!;
  if (isMeetingNumber(number)) {
    const start = found.start + text.slice(found.start, found.end).lastIndexOf(`/${number}`) + 1;
    visit(start, start + number.length);
  }
  return found.end;
}

/** Finds a join link that contains its `pwd`, and whose `zoo` is at `at`: whoever has it can join. */
export function findJoinLink(text: string, at: number, from: number, visit: Visit): number {
  const found = linkAround(text, at, from);
  if (found === null) return from;
  if (isMeetingNumber(found.groups[0]!) && secret.test(text.slice(found.start, found.end))) visit(found.start, found.end);
  return found.end;
}

export function isJoinLink(value: string): boolean {
  return [...value.matchAll(meeting)].some((match) => isMeetingNumber(match[1]!) && secret.test(match[0]));
}

export function isZoomHost(host: string): boolean {
  return /(?:^|\.)zoom(?:gov)?\.(?:us|com|com\.cn)$/.test(host);
}

/** Value of `pwd`. */
export function secretOfJoinLink(link: string): string {
  return secret.exec(link)?.[1] ?? '';
}

/** Number and secret; the host and the order of parameters do not identify the meeting. */
export function normaliseJoinLink(value: string): string {
  return `${/\/(\d{9,11})/.exec(value)?.[1] ?? ''}?pwd=${secretOfJoinLink(value)}`;
}
