import type { FlowRecord, Observable } from '#flow';
import type { Problem } from '#geo';
import { isMap, isSeq } from 'yaml';
import { daySchema, endOfDay } from './dates.ts';
import { DetectionReader } from './detection.ts';
import { readDocuments } from './documents.ts';
import { recordField } from './fields.ts';
import type { LocatedDocumentReader } from './located.ts';
import { compileExpression, type Predicate } from './predicate.ts';
import type { Rule, RuleFile } from './rule.ts';
import { noVocabulary, type Vocabulary } from './vocabulary.ts';

/** Matches that are known and accepted: they are counted, and produce no findings. */
export interface Exception {
  title: string;
  owner: string;
  reason: string;
  /** Last day (UTC) on which it holds, `2026-12-31`. */
  expires: string;
  /** Ids or titles of the rules it applies to; empty: all. */
  rules: string[];
  matches: Predicate;
  file: string;
  line: number;
}

const keys = ['title', 'match', 'rules', 'owner', 'reason', 'expires'];

/**
 * Reads exception files: YAML documents with `match` (a search as in a rule), `owner`, `reason` and `expires`, and optionally `title` and
 * `rules`. `check` adds warnings about exceptions that have expired at a time (µs), and about rules that are not among those known, by id
 * and title.
 */
export function parseExceptions(
  files: readonly RuleFile[], vocabulary: Vocabulary = noVocabulary, check: ExceptionCheck = {},
): { exceptions: Exception[]; problems: Problem[] } {
  const exceptions: Exception[] = [];
  const problems: Problem[] = [];
  for (const reader of files.flatMap(readDocuments)) {
    const exception = reader.failed ? undefined : readException(reader, vocabulary);
    if (exception) {
      exceptions.push(exception);
      warnOf(exception, reader, check);
    }
    problems.push(...reader.problems);
  }
  return { exceptions, problems };
}

export interface ExceptionCheck {
  now?: number;
  /** Ids and titles of the rules. */
  known?: ReadonlySet<string> | undefined;
}

function warnOf({ expires, rules }: Exception, reader: LocatedDocumentReader, { now, known }: ExceptionCheck): void {
  const hasExpired = now !== undefined && endOfDay(expires) < now;
  if (hasExpired) reader.warn(reader.value('expires'), 'expired', `the exception expired on ${expires}: what it matched is reported again`);
  const node = reader.value('rules');
  for (const [i, reference] of rules.entries()) {
    if (!known || known.has(reference) || known.has(reference.toLowerCase())) continue;
    reader.warn(
      reader.items(node)[i] ?? node,
      'unknown-rule',
      `no rule has the id or title "${reference}", so that the exception has no effect on it`,
    );
  }
}

function readException(reader: LocatedDocumentReader, vocabulary: Vocabulary): Exception | undefined {
  const { root } = reader;
  if (!isMap(root)) return reader.fail(root, 'document', 'an exception must be a map with match, owner, reason and expires');
  for (const { key } of reader.entries(root)) {
    const name = String(key.value);
    if (!keys.includes(name)) reader.fail(key, 'exception', `the key "${name}" is unknown: expected one of ${keys.join(', ')}`);
  }
  const needs = (key: string, what: string): void => reader.fail(reader.value(key), 'exception', `an exception needs ${what}`);
  if (reader.text('owner').trim() === '') needs('owner', 'an owner');
  if (reader.text('reason').trim() === '') needs('reason', 'a reason');
  const expires = reader.text('expires');
  if (!daySchema.safeParse(expires).success) needs('expires', 'the day on which it expires, such as 2026-12-31');
  const match = reader.value('match');
  const search = (isMap(match) || isSeq(match)) && match.items.length > 0
    ? new DetectionReader(reader, recordField, vocabulary).search(match, reader.entry('match')!.key)
    : reader.fail(match, 'exception', 'an exception needs "match", a search as in a rule');
  if (reader.failed || !search) return undefined;
  return {
    title: reader.text('title') || reader.text('reason'), owner: reader.text('owner'), reason: reader.text('reason'), expires,
    rules: reader.texts('rules'), matches: compileExpression(search), file: reader.file, line: reader.line,
  };
}

/** Exceptions compiled for looking up matches. */
export class ExceptionSet {
  static readonly none = new ExceptionSet([]);
  readonly #exceptions: readonly (Exception & { until: number; about: ReadonlySet<string> })[];

  constructor(exceptions: readonly Exception[]) {
    this.#exceptions = exceptions.map((exception) => ({
      // Rule ids are in lower case.
      ...exception, until: endOfDay(exception.expires), about: new Set(exception.rules.flatMap((reference) => [reference, reference.toLowerCase()])),
    }));
  }

  get size(): number {
    return this.#exceptions.length;
  }

  /** The exception for a match of the rule, at the time of the record; `observable` is the one that the match is about. */
  find(rule: Rule, record: FlowRecord, observable: Observable | undefined): Exception | undefined {
    for (const exception of this.#exceptions) {
      const { about, until, matches } = exception;
      const isAboutRule = about.size === 0 || about.has(rule.id) || about.has(rule.title);
      if (isAboutRule && record['@timestamp'] <= until && matches(record, observable)) return exception;
    }
    return undefined;
  }
}
