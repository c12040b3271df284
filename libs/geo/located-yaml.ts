import { isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';

/** A problem in a file that people write, with its place (line and column from 1). */
export interface Problem {
  file: string;
  line: number;
  column: number;
  severity: 'error' | 'warning';
  /** Stable name of the kind of problem, such as `unknown-field`. */
  code: string;
  message: string;
}

/** `file:line:column: error: message [code]`, as compilers print it. */
export function formatProblem({ file, line, column, severity, code, message }: Problem): string {
  return `${file}:${line}:${column}: ${severity}: ${message} [${code}]`;
}

/** A file that cannot be used, with every problem found in it. */
export class LocatedError extends Error {
  override readonly name = 'LocatedError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

export interface LocatedDocument<T> {
  value: T;
  /** Place of the value at `path`, or of its nearest ancestor that is in the text. */
  place(path: readonly PropertyKey[]): { line: number; column: number };
}

/** Reads one YAML document and checks it against `schema`. Throws {@link LocatedError} with all problems. */
export function readYaml<T>(schema: z.ZodType<T>, text: string, file: string): LocatedDocument<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const error = (place: { line: number; column: number }, code: string, message: string): Problem =>
    ({ file, line: place.line, column: place.column, severity: 'error', code, message });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (document.errors.length > 0) throw new LocatedError(document.errors.map(({ pos, message }) => error(at(pos[0]), 'yaml', message)));

  const place = (path: readonly PropertyKey[]): { line: number; column: number } => {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const node = document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return at(node.range[0]);
    }
    return { line: 1, column: 1 };
  };
  const result = schema.safeParse(document.toJS());
  if (result.success) return { value: result.data, place };
  throw new LocatedError(
    result.error.issues.map(({ path, message }) => error(place(path), 'schema', path.length > 0 ? `${path.join('.')}: ${message}` : message)),
  );
}
