import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { formatProblem, LocatedError, type Problem } from '#geo';
import { checkFixtures, logSourceName, parseRules, type ParsedRules } from '#rules';
import { projectRoot } from '#runtime';
import type { RuleNames } from '../detector/packs.ts';
import { readLogSources, readRuleFolder, shippedRules, type RuleFolder } from '../detector/rule-folder.ts';
import { oneOf } from './arguments.ts';
import { exitStatus, UnusableError, UsageError } from './command.ts';
import { columns, widthOf } from './table.ts';

/** Prints what is wrong in rule folders or files, as `file:line:column severity message`. */
export async function lintRules(paths: readonly string[], names: RuleNames): Promise<number> {
  const folders = await Promise.all((paths.length > 0 ? paths : [shippedRules(projectRoot)]).map(readPath));
  const isEmpty = ({ rules, fixtures, others }: RuleFolder): boolean => rules.length + fixtures.size + others.length === 0;
  for (const [place, folder] of folders.entries()) if (isEmpty(folder)) requireRules(paths[place]!);
  const logSources = await readLogSources(projectRoot);
  const problems = folders.flatMap((folder) => folder.problems);
  // The rules of all paths are read together, since correlations and filters may refer to rules in another.
  const placeholders = new Map(folders.flatMap((folder) => [...folder.placeholders]));
  const parsed = parseRules(folders.flatMap(({ rules }) => rules), { logSources, ...names, placeholders });
  // A rule with an error is not read, but may be the one that an exception names.
  const isWhole = parsed.problems.every(({ severity }) => severity !== 'error');
  const known = isWhole ? new Set([...parsed.rules, ...parsed.correlations].flatMap(({ id, title }) => [id, title])) : undefined;
  // A file that is named on the command line is meant to be a rule.
  const { true: named = [], false: skipped = [] } = Object.groupBy(parsed.skipped, (name) => (paths.includes(name) ? 'true' : 'false'));
  for (const file of named) problems.push({ file, line: 1, column: 1, severity: 'error', code: 'document', message: noRule });
  problems.push(...parsed.problems, ...folders.flatMap(({ exceptionProblems }) => exceptionProblems(names, { now: Date.now() * 1_000, known })));
  for (const problem of problems.toSorted(byPlace)) {
    process.stdout.write(`${problem.file}:${problem.line}:${problem.column} ${problem.severity} ${problem.message} [${problem.code}]\n`);
  }
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const running = [...parsed.rules, ...parsed.correlations].filter(({ evaluable }) => evaluable !== 'no').length;
  const read = count(parsed.rules.length + parsed.correlations.length, 'rule');
  process.stderr.write(`${read}, ${running} evaluable here; ${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}\n`);
  if (skipped.length > 0)
    process.stderr.write(
      `info: ${count(skipped.length, 'file')} of other YAML ${skipped.length === 1 ? 'was' : 'were'} skipped, such as ${skipped[0]}\n`,
    );
  return errors > 0 ? exitStatus.failed : exitStatus.ok;
}

const noRule = 'it contains no rule: a rule has title, logsource and detection, a correlation has "correlation", a filter has "filter"';

/** Runs the fixtures beside each rule file; a rule file without any fails. */
export async function testRules(names: RuleNames, folder = shippedRules(projectRoot)): Promise<number> {
  const files = await readPath(folder);
  const { rules, correlations } = await loadRules(files, names);
  requireRules(folder, rules, correlations);
  const problems: Problem[] = [];
  let tested = 0;
  const rulesByFile = Map.groupBy(rules, (rule) => rule.file);
  const correlationsByFile = Map.groupBy(correlations, (correlation) => correlation.file);
  for (const file of new Set([...rulesByFile.keys(), ...correlationsByFile.keys()])) {
    const subject = { rules: rulesByFile.get(file) ?? [], correlations: correlationsByFile.get(file) ?? [], allRules: rules };
    const fixtures = files.fixtures.get(file);
    if (!fixtures) {
      const { line } = [...subject.rules, ...subject.correlations][0]!;
      problems.push({ file, line, column: 1, severity: 'error', code: 'fixture', message: 'the rule has no fixtures' });
    } else {
      try {
        problems.push(...checkFixtures(subject, fixtures));
        tested += subject.rules.length + subject.correlations.length;
      } catch (error) {
        if (!(error instanceof LocatedError)) throw error;
        problems.push(...error.problems);
      }
    }
  }
  for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
  process.stderr.write(`${count(tested, 'rule')} tested, ${count(problems.length, 'failure')}\n`);
  return problems.length > 0 ? exitStatus.failed : exitStatus.ok;
}

/** Lists rules, and whether flow records can answer them. */
export async function listRules(names: RuleNames, folder = shippedRules(projectRoot), format = 'table'): Promise<number> {
  const { rules, correlations, silent } = await loadRules(await readPath(folder), names);
  requireRules(folder, rules, correlations);
  const listed = [
    ...rules.map((rule) => ({ ...rule, source: logSourceName(rule.logsource), reports: !silent.has(rule.id) })),
    ...correlations.map((correlation) => {
      const source = `correlation of ${count(correlation.parts.length, 'rule')}`;
      return { ...correlation, logsource: undefined, source, reports: !correlation.silent };
    }),
  ];
  if (oneOf('--format', format, ['table', 'ndjson']) === 'ndjson') {
    for (const { id, level, title, logsource, evaluable, gaps, reports, file, line, version } of listed) {
      process.stdout.write(`${JSON.stringify({ id, level, title, logsource, evaluable, gaps, reports, file, line, version })}\n`);
    }
    return exitStatus.ok;
  }
  const rows = listed.map(({ level, id, title, source, evaluable, gaps, reports }) => [
    level, id, title, source,
    [evaluable === 'whole' ? 'yes' : evaluable, ...gaps, ...(reports ? [] : ['reports only through a correlation'])].join('; '),
  ]);
  process.stdout.write(`${columns(['LEVEL', 'ID', 'TITLE', 'LOG SOURCE', 'EVALUABLE HERE'], rows, widthOf(process.stdout))}\n`);
  return exitStatus.ok;
}

/** Refuses a folder without any rule, which is probably a typo: nothing tested does not mean nothing wrong. */
export function requireRules(folder: string, ...found: readonly (readonly unknown[])[]): void {
  if (found.every(({ length }) => length === 0)) throw new UnusableError(`${folder}: ${noRule}`);
}

/** @throws LocatedError when a rule has an error. */
export async function loadRules(files: RuleFolder, names: RuleNames): Promise<ParsedRules> {
  const parsed = parseRules(files.rules, { logSources: await readLogSources(projectRoot), ...names, placeholders: files.placeholders });
  const errors = [...files.problems, ...parsed.problems].filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new LocatedError(errors);
  return parsed;
}

/** Reads a folder, or a single file as a folder of one. File names begin with its path, relative to the current folder if it is below that. */
export async function readPath(given: string): Promise<RuleFolder> {
  const found = await stat(given).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new UsageError(`there is no file or folder ${given}`) : error;
  });
  if (found.isDirectory()) {
    const fromHere = path.relative('.', given) || '.';
    return readRuleFolder(given, fromHere.startsWith('..') ? given : fromHere);
  }
  return {
    rules: [{ name: given, text: await readFile(given, 'utf8') }],
    fixtures: new Map(), placeholders: new Map(), exceptions: [], others: [], problems: [], exceptionProblems: () => [],
  };
}

function byPlace(a: Problem, b: Problem): number {
  return a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
