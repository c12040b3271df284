import { isMap, isScalar } from 'yaml';
import { DetectionReader } from './detection.ts';
import type { Expression } from './expression.ts';
import type { LocatedDocumentReader } from './located.ts';
import type { LogSources } from './log-sources.ts';
import { readHead, readLogSource, type Head } from './rule-reader.ts';
import type { LogSource, Rule } from './rule.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A condition that rules must meet in addition to their own. Sigma filters specification 2. */
export interface Filter extends Head {
  logsource: LogSource;
  /** Ids or names of the rules it applies to; `any` for all of its log source. */
  rules: string[] | 'any';
  expression: Expression;
}

/** Reads a filter; undefined when it has an error. */
export function readFilter(reader: LocatedDocumentReader, logSources: LogSources, vocabulary: Vocabulary): Filter | undefined {
  const head = readHead(reader);
  const logsource = readLogSource(reader);
  const node = reader.value('filter');
  if (!isMap(node)) return reader.fail(node, 'filter', '"filter" must be a map with rules, searches and a condition');
  const rules = reader.texts('rules', node);
  if (rules.length === 0) reader.fail(reader.value('rules', node) ?? node, 'filter', 'a filter must name the rules it applies to, or any');
  const detected = new DetectionReader(reader, logSources.of(logsource).resolve, vocabulary, logsource.product === 'telltale').read(node, ['rules']);
  if (reader.failed || !detected) return undefined;
  return { ...head, logsource, rules: rules.length === 1 && rules[0]!.toLowerCase() === 'any' ? 'any' : rules, expression: detected.expression };
}

/** Whether the filter applies to the rule: it names the rule, and has its log source. */
export function appliesTo({ rules, logsource }: Filter, rule: Rule): boolean {
  const named = rules === 'any' || rules.some((reference) => reference.toLowerCase() === rule.id || (rule.name !== '' && reference === rule.name));
  return named && (['category', 'product', 'service'] as const).every((name) => logsource[name] === '' || logsource[name] === rule.logsource[name]);
}

/** Warns of references to rules that are not loaded: a filter may be written for more rules than are in use. */
export function checkFilterReferences(reader: LocatedDocumentReader, known: ReadonlySet<string>): void {
  for (const item of reader.items(reader.value('rules', reader.value('filter')))) {
    const reference = isScalar(item) ? String(item.value) : '';
    if (known.has(reference) || known.has(reference.toLowerCase())) continue;
    reader.warn(item, 'unknown-rule', `no rule has the id or name "${reference}", so that there is nothing to filter`);
  }
}
