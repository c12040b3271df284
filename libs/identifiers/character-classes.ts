/** For each character below `size`, the sum of the marks whose pattern it matches. */
export function characterClasses(size: 128 | 256, marks: readonly (readonly [mark: number, pattern: RegExp])[]): Uint8Array {
  return Uint8Array.from({ length: size }, (_, code) =>
    marks.reduce((sum, [mark, pattern]) => sum + (pattern.test(String.fromCharCode(code)) ? mark : 0), 0),
  );
}
