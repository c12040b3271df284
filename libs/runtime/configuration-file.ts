import { readFileSync } from 'node:fs';
import { LineCounter, isMap, parseDocument, type Document } from 'yaml';
import type { ConfigurationProblem } from './configuration-problem.ts';
import type { JsonSchema } from './options.ts';
import { sectionNames } from './sections.ts';

/** The content of the file. */
export interface FileValues {
  values: Record<string, unknown>;
  problems: ConfigurationProblem[];
  /** `telltale.yaml:3:5`, for the option at `path`. */
  locate(path: readonly PropertyKey[]): string | undefined;
}

/** Reads the file; without one, there are no values. Sections of other services are ignored. */
export function readConfigurationFile(path: string | undefined, schema: JsonSchema): FileValues {
  if (!path) return { values: {}, problems: [], locate: () => undefined };
  const failed = (where: string, message: string, remedy: string): FileValues =>
    ({ values: {}, problems: [{ option: '', where, message, remedy }], locate: () => undefined });

  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return failed(path, `the file cannot be read (${code})`, 'Give the path of a readable YAML file');
  }
  const lines = new LineCounter();
  const place = (offset: number) => `${path}:${lines.linePos(offset).line}:${lines.linePos(offset).col}`;
  // Pretty errors quote the source, which may contain a secret; for the same reason only the code of an error is shown.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error)
    return failed(place(error.pos[0]), `the YAML is malformed (${error.code.toLowerCase().replaceAll('_', ' ')})`, 'Correct the YAML at this place');
  if (document.contents === null) return { values: {}, problems: [], locate: () => undefined };
  if (!isMap(document.contents)) {
    const sections = Object.keys(schema.properties ?? {}).join(', ');
    return failed(`${path}:1:1`, 'the file is not a map of sections', `Write sections such as ${sections}`);
  }

  let values: Record<string, unknown>;
  try {
    values = document.toJS() as Record<string, unknown>;
  } catch {
    return failed(path, 'an alias (*name) has no anchor before it', 'Quote values that begin with an asterisk');
  }
  for (const section of sectionNames) if (!schema.properties?.[section]) delete values[section];
  return { values, problems: [], locate: (wanted) => locate(document, wanted, place) };
}

/** Position of the node at `path`, or of its nearest ancestor. */
function locate(document: Document.Parsed, path: readonly PropertyKey[], place: (offset: number) => string): string | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = String(path[length - 1]);
    if (isMap(parent)) {
      const pair = parent.items.find((item) => String((item.key as { value?: unknown }).value) === key);
      const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range;
      if (range) return place(range[0]);
    }
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return place(node.range[0]);
  }
  return undefined;
}
