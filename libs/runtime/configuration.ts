import { readFileSync } from 'node:fs';
import { LineCounter, isMap, parse, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { describeSchema, optionsOf, type JsonSchema, type Option } from './options.ts';
import { sectionNames } from './sections.ts';

/** Where a configuration comes from. A variable of the environment goes before the file, the file before the default. */
export interface ConfigurationSources {
  /** `process.env`. An empty variable counts as absent. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** YAML file; without it, `TELLTALE_CONFIG` names one. */
  readonly file?: string | undefined;
}

/** Something in the configuration that cannot be used. It never holds a value, which may be a secret. */
export interface ConfigurationProblem {
  /** `kafka.brokers`, or empty when the whole file is meant. */
  readonly option: string;
  /** `telltale.yaml:3:5` or `environment variable TELLTALE_KAFKA_BROKERS`. */
  readonly where: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** All problems at once, so that one run is enough to find them. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'CONFIGURATION';
  readonly problems: readonly ConfigurationProblem[];

  constructor(problems: readonly ConfigurationProblem[]) {
    const lines = problems.map(({ option, where, message, remedy }) => `  ${where}: ${option ? `${option}: ` : ''}${message}. ${remedy}.`);
    super(`The configuration cannot be used:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads the configuration of a service, once.
 *
 * @param schema a strict zod object of sections (see sections.ts); unknown keys, variables and sections are refused.
 * @throws ConfigurationError with all problems, each with its place and what to do.
 */
export function loadConfig<Schema extends z.ZodType>(schema: Schema, sources: ConfigurationSources): z.output<Schema> {
  const described = describeSchema(schema);
  const options = optionsOf(described);
  const file = readConfigurationFile(sources.file ?? sources.environment['TELLTALE_CONFIG'], described);
  const environment = readEnvironment(sources.environment, options);

  const raw = file.values;
  for (const { option, value } of environment.values) setAt(raw, option.path, value);
  const parsed = schema.safeParse(raw);

  const problems = [...file.problems, ...environment.problems];
  for (const issue of parsed.error?.issues ?? []) problems.push(problemOf(issue, options, environment.values, file));
  if (problems.length > 0 || !parsed.success) throw new ConfigurationError(problems);
  return parsed.data;
}

interface FileValues {
  values: Record<string, unknown>;
  problems: ConfigurationProblem[];
  locate(path: readonly PropertyKey[]): string | undefined;
}

function readConfigurationFile(path: string | undefined, schema: JsonSchema): FileValues {
  if (!path) return { values: {}, problems: [], locate: () => undefined };
  const failed = (where: string, message: string, remedy: string): FileValues =>
    ({ values: {}, problems: [{ option: '', where, message, remedy }], locate: () => undefined });

  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return failed(path, `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`, 'Give the path of a readable YAML file');
  }
  const lines = new LineCounter();
  const place = (offset: number) => `${path}:${lines.linePos(offset).line}:${lines.linePos(offset).col}`;
  // Pretty errors quote the source, which may hold a secret; for the same reason only the code of an error is shown.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) return failed(place(error.pos[0]), `the YAML is malformed (${words(error.code)})`, 'Correct the YAML at this place');
  if (document.contents === null) return { values: {}, problems: [], locate: () => undefined };
  if (!isMap(document.contents)) return failed(`${path}:1:1`, 'the file is not a map of sections', `Write sections such as ${Object.keys(schema.properties ?? {}).join(', ')}`);

  let values: Record<string, unknown>;
  try {
    values = document.toJS() as Record<string, unknown>;
  } catch {
    return failed(path, 'an alias (*name) has no anchor before it', 'Quote values that begin with an asterisk');
  }
  for (const section of sectionNames) if (!schema.properties?.[section]) delete values[section];
  return { values, problems: [], locate: (wanted) => locate(document, wanted, place) };
}

/** Place of the node at `path`, or of the nearest one above it. */
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

interface EnvironmentValue { readonly variable: string; readonly option: Option; readonly value: unknown }

function readEnvironment(environment: ConfigurationSources['environment'], options: readonly Option[]): { values: EnvironmentValue[]; problems: ConfigurationProblem[] } {
  const values: EnvironmentValue[] = [];
  for (const option of options) {
    const variable = option.variables.find((name) => environment[name]);
    if (variable) values.push({ variable, option, value: coerce(environment[variable] ?? '', option.schema) });
  }
  const known = options.flatMap((option) => option.variables);
  const problems = Object.keys(environment).filter((name) => environment[name] && isUnknown(name, options)).map((name) => ({
    option: '', where: `environment variable ${name}`, message: 'no option has this name', remedy: suggestion(name, known),
  }));
  return { values, problems };
}

function isUnknown(name: string, options: readonly Option[]): boolean {
  if (!name.startsWith('TELLTALE_') || name === 'TELLTALE_CONFIG' || name.startsWith('TELLTALE_TEST_')) return false;
  if (options.some((option) => option.variables.includes(name))) return false;
  const section = sectionNames.find((candidate) => name.startsWith(`TELLTALE_${candidate.toUpperCase()}_`));
  return section === undefined || options.some((option) => option.path[0] === section);
}

/** A variable is text; the schema says what it stands for. What does not fit stays text, for the schema to refuse. */
function coerce(text: string, schema: JsonSchema): unknown {
  switch (schema.type) {
    case 'integer':
    case 'number': return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean': return text === 'true' ? true : text === 'false' ? false : text;
    case 'array': return /^\s*\[/.test(text) ? structured(text) : text.split(',').map((item) => item.trim()).filter((item) => item !== '');
    case 'object': return structured(text);
    default: return text;
  }
}

function structured(text: string): unknown {
  try {
    return parse(text, { prettyErrors: false });
  } catch {
    return text;
  }
}

function problemOf(issue: z.core.$ZodIssue, options: readonly Option[], environment: readonly EnvironmentValue[], file: FileValues): ConfigurationProblem {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  const option = options.find((candidate) => candidate.path.every((key, depth) => path[depth] === key));
  const set = environment.find((value) => value.option === option);
  const where = set ? `environment variable ${set.variable}` : file.locate(path) ?? 'configuration';
  const name = path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const siblings = options.filter((candidate) => issue.path.every((key, depth) => candidate.path[depth] === key))
      .map((candidate) => candidate.path[issue.path.length] ?? '');
    return { option: name, where, message: 'no option has this name', remedy: suggestion(String(path.at(-1)), [...new Set(siblings)]) };
  }
  const missing = issue.code === 'invalid_type' && getAt(file.values, path) === undefined;
  const remedy = option ? `Set ${option.variables[0]}, or ${option.path.join('.')} in the file: ${uncapitalised(option.schema.description ?? '')}` : 'See docs/configuration.md';
  return { option: name, where, message: missing ? 'it is required' : uncapitalised(issue.message), remedy: remedy.replace(/\.$/, '') };
}

function suggestion(name: string, known: readonly string[]): string {
  const [nearest] = known.map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => candidate !== '' && distance <= Math.max(2, candidate.length / 4)).toSorted((a, b) => a.distance - b.distance);
  if (nearest) return `Did you mean ${nearest.candidate}? If not, remove it`;
  return known.length > 0 && known.length <= 12 ? `Remove it; the names here are ${known.join(', ')}` : 'Remove it; docs/configuration.md lists all names';
}

/** Levenshtein's distance. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let parent = target;
  for (const key of path.slice(0, -1)) {
    const child = parent[key];
    parent = (child && typeof child === 'object' && !Array.isArray(child) ? child : (parent[key] = {})) as Record<string, unknown>;
  }
  parent[path.at(-1) ?? ''] = value;
}

function getAt(target: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], target);
}

const words = (code: string) => code.toLowerCase().replaceAll('_', ' ');
const uncapitalised = (text: string) => (/^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);
