import type { Shape, Visit } from './kind.ts';
import { digits, hexDigits } from './scan/anchor.ts';
import { Prefilter } from './scan/prefilter.ts';

/** The part of a text that a pattern matched, and its groups. */
export interface Match {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (string | undefined)[];
}

/** Every match of one shape in a text. To scan for many shapes, share one prefilter instead (text-scan.ts). */
export function findMatches({ anchors, find }: Shape, text: string, visit: Visit): void {
  const prefilter = new Prefilter([anchors], false);
  const candidates = prefilter.scanText(text);
  let from = 0;
  for (let i = 0; i < candidates; i++) from = find(text, prefilter.positions[i]!, from, visit);
}

interface PatternShape extends Pick<Shape, 'anchors' | 'confidence'> {
  /** With the flag `y`. */
  readonly pattern: RegExp;
  /** Whether a match is valid; by default, all are. */
  readonly accept?: (value: string) => boolean;
  /** Start of a match whose anchor is at `at`; by default, `at`. */
  readonly begin?: (text: string, at: number) => number;
}

/** A shape described by a regular expression. */
export function patternShape({ anchors, confidence, pattern, accept, begin = (_text, at) => at }: PatternShape): Shape {
  const matchAt: Shape['find'] = (text, at, from, visit) => {
    const start = begin(text, at);
    if (start < from) return from;
    pattern.lastIndex = start;
    if (!pattern.test(text)) return from;
    const end = pattern.lastIndex;
    if (accept === undefined || accept(text.slice(start, end))) visit(start, end);
    return end;
  };
  const run = anchors.find((anchor) => 'run' in anchor);
  if (run?.run === 'digits' || run?.run === 'hex')
    return { anchors, confidence, find: behindWideCharacters(matchAt, run.run === 'digits' ? digits : hexDigits) };
  return { anchors, confidence, find: matchAt };
}

/** Runs are found by the low bytes of characters: after a character beyond Latin-1 whose low byte belongs to the class, a true run may begin. */
function behindWideCharacters(matchAt: Shape['find'], members: string): Shape['find'] {
  const isMember = Uint8Array.from({ length: 256 }, (_, code) => Number(members.includes(String.fromCharCode(code))));
  return (text, at, from, visit) => {
    let next = matchAt(text, at, from, visit);
    for (let i = at; i < text.length && isMember[text.charCodeAt(i) & 0xff] === 1; i++) {
      if (text.charCodeAt(i) > 0xff) next = matchAt(text, i + 1, next, visit);
    }
    return next;
  };
}

/** A regular expression with the flag `g`, and how many characters its matches may extend before and after their anchor. */
export interface Reach {
  readonly pattern: RegExp;
  readonly before: number;
  readonly after: number;
}

/** The first match that contains the anchor at `at` and does not begin before `from`; null if there is none. */
export function matchAround({ pattern, before, after }: Reach, text: string, at: number, from: number): Match | null {
  const first = Math.max(from, at - before);
  const offset = Math.max(0, first - 1);
  pattern.lastIndex = first - offset;
  const match = pattern.exec(text.slice(offset, at + after + 2));
  pattern.lastIndex = 0;
  if (match === null) return null;
  const start = offset + match.index;
  const end = start + match[0].length;
  return start <= at && end > at ? { start, end, groups: match.slice(1) } : null;
}
