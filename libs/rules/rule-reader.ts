import { createHash } from 'node:crypto';
import { levels, type Level } from '#flow';
import { isMap, isScalar } from 'yaml';
import { DetectionReader } from './detection.ts';
import { answerable, combined, readsObservable, unknownParts, type Expression } from './expression.ts';
import type { LocatedDocumentReader } from './located.ts';
import { logSourceName, type LogSources } from './log-sources.ts';
import type { LogSource, Outcome, Rule } from './rule.ts';
import type { Vocabulary } from './vocabulary.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const statuses = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'];

/** Attributes that rules, correlations and filters have in common. */
export interface Head {
  id: string;
  /** A second name for references; may be empty. */
  name: string;
  title: string;
  /** Digest of the document's text, 8 hexadecimal digits. */
  version: string;
  file: string;
  line: number;
}

/** Reads what rules, correlations and filters have in common. Without an id, one is made from the document's text. */
export function readHead(reader: LocatedDocumentReader): Head {
  const digest = createHash('sha256').update(String(reader.root)).digest('hex');
  let id = reader.text('id').toLowerCase();
  if (id === '') {
    reader.warn(reader.value('id'), 'id', 'the rule has no id; one is derived from its text, and changes with it');
    id = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`, digest.slice(20, 32)].join('-');
  } else if (!uuid.test(id)) reader.warn(reader.value('id'), 'id', `the id "${id}" is not a UUID`);
  const title = reader.text('title');
  if (title === '') reader.fail(reader.value('title'), 'title', 'a rule needs a title');
  else if (title.length > 256) reader.warn(reader.value('title'), 'title', 'the title is longer than 256 characters');
  return { id, name: reader.text('name'), title, version: digest.slice(0, 8), file: reader.file, line: reader.line };
}

export function readLevel(reader: LocatedDocumentReader): Level {
  const level = reader.text('level');
  if ((levels as readonly string[]).includes(level)) return level as Level;
  if (level === '') reader.warn(undefined, 'level', 'the rule has no level; "informational" is assumed');
  else reader.fail(reader.value('level'), 'level', `the level "${level}" is unknown: expected one of ${levels.join(', ')}`);
  return 'informational';
}

export function readLogSource(reader: LocatedDocumentReader): LogSource {
  const node = reader.value('logsource');
  if (!isMap(node)) reader.fail(node, 'logsource', 'a rule needs a logsource');
  return { category: reader.text('category', node), product: reader.text('product', node), service: reader.text('service', node) };
}

/** Reads a rule; undefined when it has an error. */
export function readRule(reader: LocatedDocumentReader, logSources: LogSources, vocabulary: Vocabulary): Rule | undefined {
  const head = readHead(reader);
  const logsource = readLogSource(reader);
  const source = logSources.of(logsource);
  const detection = reader.value('detection');
  const detected = isMap(detection)
    ? new DetectionReader(reader, source.resolve, vocabulary, logsource.product === 'telltale').read(detection)
    : reader.fail(detection, 'detection', 'a rule needs a detection with searches and a condition');
  checkAttributes(reader);

  const parts: Expression[] = source.applies ? [source.applies] : [];
  if (!source.known) parts.push(unknown(reader, 'logsource', `the log source ${logSourceName(logsource)} has no mapping`));
  if (detected?.aggregation) {
    parts.push(unknown(reader, 'detection', `"| ${detected.aggregation.function}" counts over several records: write a correlation rule`));
  }
  if (detected) parts.push(detected.expression);
  const expression = combined('and', parts);
  const rule: Rule = {
    ...head,
    level: readLevel(reader),
    status: reader.text('status'),
    description: reader.text('description').trim(),
    author: reader.text('author'),
    date: reader.text('date'),
    references: reader.texts('references'),
    falsepositives: reader.texts('falsepositives'),
    tags: reader.texts('tags'),
    logsource,
    ...evaluability(expression),
    aggregation: detected?.aggregation,
    outcome: readOutcome(reader, readsObservable(expression)),
  };
  return reader.failed ? undefined : rule;
}

/** Which part of an expression runs, and why not all of it. */
export function evaluability(expression: Expression): Pick<Rule, 'expression' | 'evaluable' | 'gaps' | 'readsObservable'> {
  const gaps = unknownParts(expression);
  const runs = answerable(expression);
  return {
    expression: runs ?? { type: 'or', operands: [] },
    evaluable: runs === undefined ? 'no' : gaps.length > 0 ? 'part' : 'whole',
    gaps,
    readsObservable: runs !== undefined && readsObservable(runs),
  };
}

function unknown(reader: LocatedDocumentReader, at: string, reason: string): Expression {
  reader.warn(reader.value(at), 'not-evaluable', `it cannot be evaluated here: ${reason}`);
  return { type: 'unknown', reason };
}

function checkAttributes(reader: LocatedDocumentReader): void {
  const status = reader.text('status');
  if (status !== '' && !statuses.includes(status)) {
    reader.warn(reader.value('status'), 'status', `the status "${status}" is unknown: expected one of ${statuses.join(', ')}`);
  }
  for (const key of ['date', 'modified']) {
    const day = reader.text(key);
    const isDay = /^\d{4}[-/](?:0[1-9]|1[0-2])[-/](?:0[1-9]|[12]\d|3[01])$/.test(day);
    if (day !== '' && !isDay) reader.warn(reader.value(key), 'date', `"${day}" is not a date: expected YYYY-MM-DD`);
  }
  for (const item of reader.items(reader.value('tags'))) {
    if (!isScalar(item) || /^[a-z0-9_-]+\.[a-z0-9._+-]+$/.test(String(item.value))) continue;
    reader.warn(item, 'tag', `"${String(item.value)}" is not a tag: expected namespace.name in lower case`);
  }
}

function readOutcome(reader: LocatedDocumentReader, aboutObservable: boolean): Outcome {
  const outcome: Outcome = { finding: aboutObservable ? 'observable' : 'record', verdict: 'violation', level: 'rule', covers: [] };
  const node = reader.value('telltale');
  if (node === undefined) return outcome;
  if (!isMap(node)) return reader.fail(node, 'telltale', '"telltale" must be a map with finding, verdict, level and covers') ?? outcome;
  const allowed: Record<string, readonly string[]> = {
    finding: aboutObservable ? ['observable', 'record', 'flow'] : ['record', 'flow', 'link'],
    verdict: ['violation', 'indeterminate'],
    level: ['rule', 'policy', 'linkability'],
  };
  for (const { key, value } of reader.entries(node)) {
    const name = String(key.value);
    if (name === 'covers') {
      outcome.covers = reader.texts('covers', node).map((id) => id.toLowerCase());
      if (outcome.covers.length === 0) reader.fail(value ?? key, 'telltale', '"covers" must be a list of rule ids');
      continue;
    }
    const choice = isScalar(value) ? String(value.value) : '';
    if (!Object.hasOwn(allowed, name))
      reader.fail(key, 'telltale', `the key "${name}" is unknown: expected one of ${Object.keys(allowed).join(', ')}, covers`);
    else if (!allowed[name]!.includes(choice)) {
      reader.fail(value ?? key, 'telltale', `"${choice}" cannot be the ${name} of this rule: expected one of ${allowed[name]!.join(', ')}`);
    } else Object.assign(outcome, { [name]: choice });
  }
  return outcome;
}
