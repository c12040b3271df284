import type { z } from 'zod';
import { readConfigurationFile, type FileValues } from './configuration-file.ts';
import { ConfigurationError, type ConfigurationProblem } from './configuration-problem.ts';
import { readEnvironment, type EnvironmentValue } from './environment.ts';
import { describeSchema, optionsOf, type Option } from './options.ts';
import { suggestion } from './suggestion.ts';

/** The sources of a configuration. Environment variables take precedence over the file, and the file over the defaults. */
export interface ConfigurationSources {
  /** `process.env`. An empty variable counts as absent. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** YAML file; by default, the one named by `TELLTALE_CONFIG`. */
  readonly file?: string | undefined;
}

/**
 * Reads the configuration of a service, once.
 *
 * @param schema a strict zod object of sections (see sections.ts); unknown keys, variables and sections are rejected.
 * @throws ConfigurationError with all problems, each with its place and remedy.
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
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') problems.push(...issue.keys.map((key) => unknownName(issue.path, key, options, file)));
    else problems.push(problemOf(issue, options, environment.values, file));
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigurationError(problems);
  return parsed.data;
}

function unknownName(parent: readonly PropertyKey[], key: string, options: readonly Option[], file: FileValues): ConfigurationProblem {
  const path = [...parent, key];
  const siblings = options
    .filter((option) => parent.every((name, depth) => option.path[depth] === name))
    .map((option) => option.path[parent.length] ?? '');
  return {
    option: path.map(String).join('.'), where: file.locate(path) ?? 'configuration', message: 'no option has this name',
    remedy: suggestion(key, [...new Set(siblings)]),
  };
}

function problemOf(
  issue: z.core.$ZodIssue, options: readonly Option[], environment: readonly EnvironmentValue[], file: FileValues,
): ConfigurationProblem {
  const { path } = issue;
  const option = options.find((candidate) => candidate.path.every((key, depth) => path[depth] === key));
  const set = environment.find((value) => value.option === option);
  const missing = issue.code === 'invalid_type' && getAt(file.values, path) === undefined;
  return {
    option: path.map(String).join('.'),
    where: set ? `environment variable ${set.variable}` : file.locate(path) ?? 'configuration',
    message: missing ? 'a value is required' : uncapitalised(issue.message),
    remedy: option ? remedyFor(option) : 'See docs/configuration.md',
  };
}

function remedyFor({ variables: [variable], path, schema: { description = '' } }: Option): string {
  return `Set ${variable}, or ${path.join('.')} in the file: ${uncapitalised(description).replace(/\.$/, '')}`;
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

const uncapitalised = (text: string) => (/^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);
