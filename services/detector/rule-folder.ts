import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readYaml, LocatedError, type Problem } from '#geo';
import { LogSources, parseExceptions, type ExceptionCheck, type RuleFile, type Vocabulary } from '#rules';
import { z } from 'zod';

const exceptionsFolder = /(?:^|\/)exceptions\//;
const placeholdersFile = /(?:^|\/)placeholders\.ya?ml$/;
const placeholdersSchema = z.record(z.string(), z.array(z.union([z.string(), z.number()]).transform(String)).min(1));

/** Content of a folder of rules: rules, `<rule>.fixtures.yml` beside them, `exceptions/*.yml`, `placeholders.yml`. */
export interface RuleFolder {
  rules: RuleFile[];
  /** By the name of the rule file. */
  fixtures: ReadonlyMap<string, RuleFile>;
  placeholders: ReadonlyMap<string, readonly string[]>;
  exceptions: RuleFile[];
  /** Exceptions and placeholders, on which findings depend as they do on the rules. */
  others: RuleFile[];
  /** Errors in the placeholders. */
  problems: Problem[];
  /** Errors in the exceptions. */
  exceptionProblems: (names: Omit<Vocabulary, 'placeholders'>, check: ExceptionCheck) => Problem[];
}

/** The built-in pack. */
export function shippedRules(root: string): string {
  return join(root, 'libs/rules/pack');
}

/** The meaning of rules written for other log sources. */
export async function readLogSources(root: string): Promise<LogSources> {
  return LogSources.parse(await readFile(join(root, 'libs/rules/log-sources.yaml'), 'utf8'));
}

/** Reads a folder and its subfolders, in the order of names; `prefix` precedes file names in messages. */
export async function readRuleFolder(folder: string, prefix = ''): Promise<RuleFolder> {
  const files = await readYamlFiles(folder, prefix);
  const fixtures = new Map<string, RuleFile>();
  const rules: RuleFile[] = [];
  const exceptions: RuleFile[] = [];
  const others: RuleFile[] = [];
  let placeholders: Record<string, string[]> = {};
  const problems: Problem[] = [];
  for (const file of files) {
    const isException = exceptionsFolder.test(file.name);
    if (isException || placeholdersFile.test(file.name)) others.push(file);
    if (isException) exceptions.push(file);
    else if (/\.fixtures\.ya?ml$/.test(file.name)) fixtures.set(file.name.replace(/\.fixtures(\.ya?ml)$/, '$1'), file);
    else if (placeholdersFile.test(file.name)) {
      try {
        placeholders = { ...placeholders, ...readYaml(placeholdersSchema, file.text, file.name).value };
      } catch (error) {
        if (!(error instanceof LocatedError)) throw error;
        problems.push(...error.problems);
      }
    } else rules.push(file);
  }
  const values = new Map(Object.entries(placeholders));
  return {
    rules, fixtures, placeholders: values, exceptions, others, problems,
    exceptionProblems: (names, check) => parseExceptions(exceptions, { ...names, placeholders: values }, check).problems,
  };
}

/** All YAML files of a folder and its subfolders, in the order of names, except hidden ones, such as in `.git`. */
export async function readYamlFiles(folder: string, prefix = ''): Promise<RuleFile[]> {
  const names = await yamlNames(folder);
  const nameOf = (name: string): string => (prefix === '' ? name : join(prefix, name));
  return Promise.all(names.map(async (name) => ({ name: nameOf(name), text: await readFile(join(folder, name), 'utf8') })));
}

/** Changes when a file of the folder is written, added or removed, or its permissions change. */
export async function folderState(folder: string): Promise<string> {
  const names = await yamlNames(folder);
  const states = await Promise.all(names.map(async (name) => {
    const { ctimeMs, size, ino } = await stat(join(folder, name));
    return `${name} ${ctimeMs} ${size} ${ino}`;
  }));
  return states.join('\n');
}

async function yamlNames(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    const message = { ENOENT: `there is no folder ${folder}`, ENOTDIR: `${folder} is a file, but a folder is needed` }[error.code ?? ''];
    throw message === undefined ? error : Object.assign(new Error(message), { code: error.code });
  });
  return names.filter((name) => /\.ya?ml$/.test(name) && !/(?:^|\/)\./.test(name)).toSorted();
}
