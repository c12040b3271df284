/**
 * Meeting numbers have 11 digits, personal ones 10, and those planned before April 2020 may have 9.
 * https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0065196
 */
const meeting =
  /(?<![\w-])(?:[\w-]{1,63}\.){0,3}zoom(?:gov)?\.(?:us|com|com\.cn)\/(?:wc\/)?(?:join|j|s|w|wc)\/(\d{9,11})(?!\d)(?:\?[\w.=&%~-]{0,256})?/gi;
const secret = /[?&]pwd=([\w.~%-]{4,128})/i;

export function isMeetingNumber(value: string): boolean {
  const digits = value.replaceAll(/[ -]/g, '');
  return /^[1-9]\d{8,10}$/.test(digits) && new Set(digits).size > 2;
}

/** The number in `zoom.us/j/12345678901`. */
export function findMeetingNumbers(text: string, visit: (start: number, end: number) => void): void {
  for (const match of text.matchAll(meeting)) {
    if (!isMeetingNumber(match[1]!)) continue;
    const start = match.index + match[0].lastIndexOf(`/${match[1]!}`) + 1;
    visit(start, start + match[1]!.length);
  }
}

/** A join link that carries its `pwd`: whoever has it is let in. */
export function findJoinLinks(text: string, visit: (start: number, end: number) => void): void {
  for (const match of text.matchAll(meeting)) {
    if (isMeetingNumber(match[1]!) && secret.test(match[0])) visit(match.index, match.index + match[0].length);
  }
}

export function isJoinLink(value: string): boolean {
  let whole = false;
  findJoinLinks(value, () => { whole = true; });
  return whole;
}

export function isZoomHost(host: string): boolean {
  return /(?:^|\.)zoom(?:gov)?\.(?:us|com|com\.cn)$/.test(host);
}

/** Value of `pwd`. */
export function secretOfJoinLink(link: string): string {
  return secret.exec(link)?.[1] ?? '';
}

/** Number and secret; the host and the order of parameters say nothing about the meeting. */
export function normaliseJoinLink(value: string): string {
  return `${/\/(\d{9,11})/.exec(value)?.[1] ?? ''}?pwd=${secretOfJoinLink(value)}`;
}
