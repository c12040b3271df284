import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';

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

const mostYamlErrors = 5;

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
  // What follows the first ones mostly follows from them; a file that is no YAML at all would have thousands.
  if (document.errors.length > 0)
    throw new LocatedError(document.errors.slice(0, mostYamlErrors).map(({ pos, message }) => error(at(pos[0]), 'yaml', message)));

  const place = (path: readonly PropertyKey[]): { line: number; column: number } => {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const node = document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return at(node.range[0]);
    }
    return { line: 1, column: 1 };
  };
  const result = schema.safeParse(document.toJS());
  if (result.success) return { value: result.data, place };
  const known = schema instanceof z.ZodObject ? `: expected one of ${Object.keys(schema.shape).join(', ')}` : '';
  throw new LocatedError(result.error.issues.flatMap((issue) => {
    const { path } = issue;
    const of = path.length > 0 ? `${path.join('.')}: ` : '';
    if (issue.code !== 'unrecognized_keys') return [error(place(path), 'schema', `${of}${plain(issue, document)}`)];
    return issue.keys.map((key) => {
      const offset = keyOffset(document, path, key);
      const message = `${of}the key "${key}" is unknown${path.length === 0 ? known : ''}`;
      return error(offset === undefined ? place(path) : at(offset), 'schema', message);
    });
  }));
}

/** Where a key of the map at `path` stands. */
function keyOffset(document: Document.Parsed, path: readonly PropertyKey[], key: string): number | undefined {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  const found = isMap(map) ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)?.key : undefined;
  return isNode(found) ? found.range?.[0] : undefined;
}

const things: Readonly<Record<string, string>> = {
  string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'a map of keys', record: 'a map of keys',
};

/** What is wrong, in the words of somebody who writes YAML. */
function plain(issue: z.core.$ZodIssue, document: Document.Parsed): string {
  if (document.contents === null) return 'the file is empty';
  if (issue.code === 'invalid_value') return `expected one of ${issue.values.map(String).join(', ')}`;
  if (issue.code !== 'invalid_type') return issue.message;
  const isMissing = issue.path.length > 0 && document.getIn(issue.path) === undefined;
  return `${isMissing ? 'it is missing: ' : ''}expected ${things[issue.expected] ?? issue.expected}`;
}
