import { LocatedError, readYaml } from '#geo';
import { LineCounter, parseDocument, type Node } from 'yaml';
import { z } from 'zod';
import { DetectionReader } from './detection.ts';
import type { Expression } from './expression.ts';
import { joinedField, recordField, type Field, type FieldResolver, type Resolution } from './fields.ts';
import { LocatedDocumentReader } from './located.ts';
import type { LogSource } from './rule.ts';
import { noVocabulary } from './vocabulary.ts';

const fieldNames = z.union([z.string(), z.array(z.string()).min(1)]);
const schema = z.strictObject({
  log_sources: z.array(z.strictObject({
    logsource: z.strictObject({ category: z.string(), product: z.string(), service: z.string() }).partial(),
    source: z.url(),
    applies: z.unknown().optional(),
    fields: z.record(z.string(), z.union([fieldNames, z.strictObject({ values: z.record(z.string(), z.unknown()) })])),
    absent: z.array(z.string()).default([]),
  })),
});

interface Mapping {
  readonly logsource: { readonly [Attribute in keyof LogSource]?: string | undefined };
  readonly fields: ReadonlyMap<string, Resolution>;
  readonly absent: ReadonlySet<string>;
  /** Which records are lines of that log; undefined: all. */
  readonly applies: Expression | undefined;
}

/** What the field names in rules of a log source stand for. */
export interface MappedLogSource {
  resolve: FieldResolver;
  /** Which records are lines of that log; undefined: all. */
  applies: Expression | undefined;
  /** Whether flow records cover such a log at all. */
  known: boolean;
}

/** The logs that flow records cover, and what the fields of those logs are called here. Read from YAML; see log-sources.yaml. */
export class LogSources {
  /** Covers Telltale's own rules only. */
  static readonly none = new LogSources([]);
  readonly #mappings: readonly Mapping[];

  private constructor(mappings: readonly Mapping[]) {
    this.#mappings = mappings;
  }

  /** @throws LocatedError with every problem of the file. */
  static parse(text: string, name = 'log-sources.yaml'): LogSources {
    const { value } = readYaml(schema, text, name);
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines });
    const reader = new LocatedDocumentReader(name, document, lines);
    const detection = new DetectionReader(reader, recordField, noVocabulary);
    const entries = reader.items(reader.value('log_sources'));
    const node = (i: number, ...path: string[]): Node => path.reduce<Node>((at, key) => reader.value(key, at)!, entries[i]!);
    const search = (i: number, ...path: string[]): Expression => detection.search(node(i, ...path), node(i, ...path));

    const mappings = value.log_sources.map((entry, i): Mapping => {
      const fields = new Map<string, Resolution>();
      for (const [from, to] of Object.entries(entry.fields)) {
        if (typeof to === 'object' && !Array.isArray(to)) {
          const searches = new Map(Object.keys(to.values).map((one) => [one.toLowerCase(), search(i, 'fields', from, 'values', one)]));
          fields.set(from, { of: 'values', name: from, searches });
          continue;
        }
        const names = typeof to === 'string' ? [to] : to;
        const targets = names.map(recordField).filter((field): field is Field => field !== undefined);
        if (targets.length === names.length) fields.set(from, targets.length === 1 ? targets[0]! : joinedField(targets));
        else reader.fail(node(i, 'fields', from), 'unknown-field', `records have no field "${names.find((one) => !recordField(one))}"`);
      }
      return {
        logsource: entry.logsource,
        fields,
        absent: new Set(entry.absent),
        applies: entry.applies === undefined ? undefined : search(i, 'applies'),
      };
    });
    if (reader.failed) throw new LocatedError(reader.problems);
    return new LogSources(mappings);
  }

  /** The mapping that agrees with the most attributes of a rule's log source. An attribute that a mapping does not name may have any value. */
  of(source: LogSource): MappedLogSource {
    if (source.product === 'telltale') return { resolve: recordField, applies: undefined, known: true };
    const attributes = ['category', 'product', 'service'] as const;
    const weight = ({ logsource }: Mapping): number => attributes.filter((name) => logsource[name] !== undefined).length;
    const fitting = this.#mappings.filter(({ logsource }) =>
      attributes.every((name) => logsource[name] === undefined || logsource[name] === source[name]),
    );
    const mapping = fitting.reduce<Mapping | undefined>((best, one) => (!best || weight(one) > weight(best) ? one : best), undefined);
    const resolve: FieldResolver = (name) => {
      if (!mapping?.absent.has(name)) {
        const field = mapping?.fields.get(name) ?? recordField(name);
        if (field) return field;
      }
      return { of: 'nowhere', name, reason: `the field "${name}" has no mapping` };
    };
    return { resolve, applies: mapping?.applies, known: mapping !== undefined };
  }
}

/** `windows/process_creation`, for messages. */
export function logSourceName({ product, category, service }: LogSource): string {
  return [product, category, service].filter((part) => part !== '').join('/') || '(none)';
}
