import type { Shape } from './kind.ts';

/** A shape that a regular expression with the flag `g` finds: group 1 when it has one, else the whole match; then `accept` decides. */
export function patternShape(hint: number, confidence: number, pattern: RegExp, accept: (value: string) => boolean = () => true): Shape {
  return {
    hint,
    confidence,
    find(text, visit) {
      for (const match of text.matchAll(pattern)) {
        const value = match[1] ?? match[0];
        if (!accept(value)) continue;
        const start = match.index + match[0].indexOf(value);
        visit(start, start + value.length);
      }
    },
  };
}
