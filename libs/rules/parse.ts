import type { Problem } from '#geo';
import { isMap } from 'yaml';
import { linkCorrelations, silentRules, type Correlation } from './correlation-links.ts';
import { readCorrelation, type CorrelationText } from './correlation.ts';
import { readDocuments } from './documents.ts';
import { appliesTo, checkFilterReferences, readFilter, type Filter } from './filter.ts';
import type { LocatedDocumentReader } from './located.ts';
import { LogSources } from './log-sources.ts';
import { isOtherYaml } from './other-yaml.ts';
import { evaluability, readRule } from './rule-reader.ts';
import type { Rule, RuleFile } from './rule.ts';
import { noVocabulary, type Vocabulary } from './vocabulary.ts';

/** What rules may refer to; what is left out is empty. */
export interface ParseOptions extends Partial<Vocabulary> {
  /** Mappings for rules of other log sources; without them such rules are read, but none is evaluable. */
  logSources?: LogSources;
}

export interface ParsedRules {
  /** Rules without an error, including those that records cannot answer (`evaluable: 'no'`). */
  rules: Rule[];
  correlations: Correlation[];
  /** Ids of rules that report only through correlations. */
  silent: ReadonlySet<string>;
  filters: Filter[];
  problems: Problem[];
  /** Names of files with YAML of another kind, which are skipped. */
  skipped: string[];
}

/**
 * Reads Sigma rules, correlations and filters: one or more YAML documents per file. Every fault is reported with its place, and excludes
 * only its own document. Filters are put into the rules they apply to. A file without any of Sigma's keys is skipped rather than reported
 * as a faulty rule.
 */
export function parseRules(files: readonly RuleFile[], { logSources = LogSources.none, ...names }: ParseOptions = {}): ParsedRules {
  const vocabulary: Vocabulary = { ...noVocabulary, ...names };
  const readers: LocatedDocumentReader[] = [];
  const rules: Rule[] = [];
  const correlations: [CorrelationText, LocatedDocumentReader][] = [];
  const filters: [Filter, LocatedDocumentReader][] = [];
  const ids = new Ids();
  const skipped: string[] = [];
  for (const file of files) {
    const documents = readDocuments(file);
    if (isOtherYaml(file.text, documents)) {
      skipped.push(file.name);
      continue;
    }
    for (const reader of documents) {
      readers.push(reader);
      if (reader.failed) continue;
      if (!isMap(reader.root)) reader.fail(reader.root, 'document', 'a rule must be a map with title, id, logsource and detection');
      else if (reader.entry('correlation')) {
        const correlation = readCorrelation(reader);
        if (correlation && ids.take(correlation, reader)) correlations.push([correlation, reader]);
      } else if (reader.entry('filter')) {
        const filter = readFilter(reader, logSources, vocabulary);
        if (filter && ids.take(filter, reader)) filters.push([filter, reader]);
      } else if (!reader.entry('detection') && !reader.entry('logsource')) {
        reader.fail(
          reader.root,
          'document',
          'this is not a rule: a rule has title, logsource and detection, a correlation has "correlation", a filter has "filter"',
        );
      } else {
        const rule = readRule(reader, logSources, vocabulary);
        if (rule && ids.take(rule, reader)) rules.push(rule);
      }
    }
  }
  const known = new Set([...rules, ...correlations.map(([one]) => one)].flatMap(({ id, name }) => [id, name]).filter((text) => text !== ''));
  for (const [filter, reader] of filters) if (filter.rules !== 'any') checkFilterReferences(reader, known);
  const usable = <T>(list: readonly [T, LocatedDocumentReader][]): T[] => list.filter(([, reader]) => !reader.failed).map(([one]) => one);
  const usableFilters = usable(filters);
  const filteredRules = rules.map((rule) => filtered(rule, usableFilters));
  const linked = linkCorrelations(correlations, filteredRules, logSources);
  return {
    rules: filteredRules,
    correlations: linked,
    silent: silentRules(linked),
    filters: usableFilters,
    problems: readers.flatMap(({ problems }) => problems),
    skipped,
  };
}

function filtered(rule: Rule, filters: readonly Filter[]): Rule {
  const applying = filters.filter((filter) => appliesTo(filter, rule));
  if (applying.length === 0 || rule.evaluable === 'no') return rule;
  const { gaps, ...runs } = evaluability({ type: 'and', operands: [rule.expression, ...applying.map(({ expression }) => expression)] });
  const allGaps = [...rule.gaps, ...gaps];
  return { ...rule, ...runs, gaps: allGaps, evaluable: runs.evaluable === 'whole' && allGaps.length > 0 ? 'part' : runs.evaluable };
}

/** The ids in use, and where. */
class Ids {
  readonly #places = new Map<string, { file: string; place: string; times: number }>();

  /**
   * Takes the id of a document, and reports one that is taken already. Documents of a collection (`action: global`) may share an id written
   * once: those after the first get one derived from it.
   */
  take(head: { id: string; file: string; line: number }, reader: LocatedDocumentReader): boolean {
    const taken = this.#places.get(head.id);
    if (!taken) {
      this.#places.set(head.id, { file: head.file, place: `${head.file}:${head.line}`, times: 1 });
      return true;
    }
    if (taken.file === head.file && reader.shared) {
      taken.times += 1;
      head.id = `${head.id.slice(0, 24)}${(taken.times - 1).toString(16).padStart(2, '0')}${head.id.slice(26)}`;
      return true;
    }
    reader.fail(reader.value('id'), 'duplicate', `the rule at ${taken.place} has the same id`);
    return false;
  }
}
