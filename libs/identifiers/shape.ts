import type { Shape, Visit } from './kind.ts';
import { digits, hexDigits } from './scan/anchor.ts';
import { Prefilter } from './scan/prefilter.ts';

/** A stretch of text that a pattern matched, and its groups. */
export interface Match {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (string | undefined)[];
}

/** Every match of one shape in a text. A scan of many shapes shares one prefilter instead (text-scan.ts). */
export function findMatches({ anchors, find }: Shape, text: string, visit: Visit): void {
  const prefilter = new Prefilter([anchors], false);
  const candidates = prefilter.scanText(text);
  let from = 0;
  for (let i = 0; i < candidates; i++) from = find(text, prefilter.positions[i]!, from, visit);
}

interface PatternShape extends Pick<Shape, 'anchors' | 'confidence'> {
  /** With the flag `y`. */
  readonly pattern: RegExp;
  /** Whether what matches is one; without, all is. */
  readonly accept?: (value: string) => boolean;
  /** Where a match begins whose anchor stands at `at`; without, there. */
  readonly begin?: (text: string, at: number) => number;
}

/** A shape that a regular expression describes. */
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

/** Runs are found by the low bytes of characters: where one beyond Latin-1 seems to be of the class, a true run may begin behind it. */
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

/** A regular expression with the flag `g`, and how many characters its matches may reach in front of their anchor and behind it. */
export interface Reach {
  readonly pattern: RegExp;
  readonly before: number;
  readonly after: number;
}

/** The first match that holds the character at `at`, where an anchor stands, and does not begin before `from`; null if there is none. */
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
