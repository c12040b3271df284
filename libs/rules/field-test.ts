import { flowFields } from '#flow';
import { Cidr } from '#geo';
import { combined, type Comparison, type Expression, type TimePart, type ValueTest } from './expression.ts';
import { recordFieldNames, type Field, type FieldResolver, type Resolution } from './fields.ts';
import { FieldTestError, type RuleValue } from './field-test-error.ts';
import { meaningModifiers, meaningTest, type MeaningModifier } from './meaning-test.ts';
import { anyRun, literalOf, mapLiterals, parsePattern, type Pattern } from './pattern.ts';
import { compileRegex } from './regex.ts';
import { RegexRefused } from './regex-refused.ts';
import { hintFor, noVocabulary, type Placeholders, type Vocabulary } from './vocabulary.ts';

const anchors = ['contains', 'startswith', 'endswith'] as const;
type Anchor = 'whole' | (typeof anchors)[number];
const comparisons: readonly string[] = ['lt', 'lte', 'gt', 'gte'];
/** Modifiers that change the text before it is compared. */
const transforms: readonly string[] = ['base64', 'base64offset', 'wide', 'utf16le', 'utf16be', 'utf16', 'windash'];
const timeParts: readonly string[] = ['minute', 'hour', 'day', 'week', 'month', 'year'];
/** All modifiers: those of the Sigma modifiers appendix 2.1, and Telltale's own. */
export const modifierNames: readonly string[] = [
  ...anchors, ...comparisons, ...transforms, ...timeParts,
  'all', 'cased', 'cidr', 'exists', 'expand', 'fieldref', 'neq', 're', 'i', 'm', 's', ...meaningModifiers,
];

/** Spelled as in YAML 1.1, with which other tools read rules. */
const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['no', false],
  ['off', false],
]);

interface Modifiers {
  kind: 'text' | 'regex' | 'cidr' | 'exists' | 'fieldref' | 'compare' | MeaningModifier;
  comparison: Comparison | 'eq';
  timePart: TimePart | undefined;
  anchor: Anchor;
  transforms: string[];
  regexFlags: string;
  cased: boolean;
  all: boolean;
  negated: boolean;
  expand: boolean;
}

/**
 * Reads one entry of a search, `field|modifier|…: values`, into an expression. Without a field it is a keyword test.
 * What records cannot answer (a field they lack, a placeholder without values) is checked like the rest, and becomes `unknown`.
 */
export function parseFieldTest(key: string, values: readonly RuleValue[], resolve: FieldResolver, vocabulary: Vocabulary = noVocabulary): Expression {
  const [name = '', ...chain] = key.split('|');
  const modifiers = parseModifiers(chain);
  // Keywords match anywhere in a text.
  if (name === '' && modifiers.anchor === 'whole') modifiers.anchor = 'contains';
  const resolved = name === '' ? undefined : resolve(name);
  if (name !== '' && !resolved) throw new FieldTestError('unknown-field', `the field "${name}" is unknown${hintFor(name, recordFieldNames)}`, 'key');
  const unknown = resolved?.of === 'nowhere' ? resolved.reason : undefined;
  if (resolved?.of === 'values' && chain.every((modifier) => modifier === 'neq')) return valueSearches(resolved, values, modifiers.negated);
  const field = resolved?.of === 'nowhere' || resolved?.of === 'values' ? standIn : resolved;
  if (!field && modifiers.kind !== 'text' && modifiers.kind !== 'regex')
    throw new FieldTestError('modifier', `|${chain.find((one) => one !== 'expand')} needs a field`, 'key');
  if (field?.type === 'observables' && modifiers.kind !== 'exists') {
    throw new FieldTestError(
      'modifier', `"${name}" is a list of observables, to which only |exists applies; use telltale.observable.* for their members`, 'key',
    );
  }
  const { kind, all, negated } = modifiers;
  if (isMeaning(kind)) {
    if (unknown !== undefined) return { type: 'unknown', reason: unknown };
    const operands = values.map((value, i) => meaningTest(kind, field!, value, i, vocabulary));
    return negatedIf(negated, combined(all ? 'and' : 'or', operands));
  }
  if (modifiers.timePart && !unknown && !isTime(field))
    throw new FieldTestError('modifier', `|${modifiers.timePart} needs a field that holds a time`, 'key');

  const variants: ValueTest[][] = [];
  for (const [i, value] of values.entries()) {
    const expanded = modifiers.expand ? expandPlaceholders(value, vocabulary.placeholders) : [value];
    if (typeof expanded === 'string') return { type: 'unknown', reason: expanded };
    try {
      variants.push(expanded.flatMap((one) => valueTests(one, i, field, modifiers, resolve)));
    } catch (error) {
      // A field that records lack is never read, so that an expression that cannot run here does no harm, and may be valid elsewhere.
      if (unknown === undefined || !(error instanceof FieldTestError) || error.code !== 'regex') throw error;
      return { type: 'unknown', reason: `${unknown}; ${error.message}` };
    }
  }
  if (unknown !== undefined) return { type: 'unknown', reason: unknown };
  if (resolved?.of === 'values')
    return { type: 'unknown', reason: `the field "${name}" is mapped by its values, to which |${chain[0]} cannot be applied` };
  const reference = variants.flat().find((test) => test.op === 'field' && test.field === standIn);
  if (reference) return { type: 'unknown', reason: `the field "${values[0]!.source}" has no mapping` };

  const node = (tests: ValueTest[], quantifier: 'any' | 'all'): Expression =>
    field ? { type: 'field', field, quantifier, tests } : { type: 'keyword', quantifier, tests };
  // Variants of one value (base64offset, windash, placeholders) are alternatives even under |all.
  const expression: Expression = modifiers.all && variants.some(({ length }) => length > 1)
    ? { type: 'and', operands: variants.map((tests) => node(tests, 'any')) }
    : node(variants.flat(), modifiers.all ? 'all' : 'any');
  return negatedIf(modifiers.negated, expression);
}

function isMeaning(kind: string): kind is MeaningModifier {
  return (meaningModifiers as readonly string[]).includes(kind);
}

function negatedIf(negated: boolean, operand: Expression): Expression {
  return negated ? { type: 'not', operand } : operand;
}

/** Takes the place of a field that records lack, so that modifiers and values are checked all the same. */
const standIn: Field = { of: 'computed', name: '', type: 'texts', read: () => [], sql: '[]' };

function isTime(field: Field | undefined): boolean {
  return field?.of === 'record' && flowFields[field.name].type === 'micros';
}

function valueSearches({ name, searches }: Extract<Resolution, { of: 'values' }>, values: readonly RuleValue[], negated: boolean): Expression {
  const operands = values.map(
    ({ source }): Expression =>
      searches.get(source.toLowerCase()) ?? { type: 'unknown', reason: `the value "${source}" of the field "${name}" has no mapping` },
  );
  return negatedIf(negated, combined('or', operands));
}

/** Values with each `%name%` replaced by its configured values, or a text that says which name has none. `\%` is a percent sign. */
function expandPlaceholders({ value, source }: RuleValue, placeholders: Placeholders): RuleValue[] | string {
  if (typeof value !== 'string') return [{ value, source }];
  let texts = [''];
  for (const [part, name] of source.matchAll(/\\%|%([\w.-]+)%|[^\\%]+|[^]/g)) {
    const given = name === undefined ? [part === '\\%' ? '%' : part] : placeholders.get(name);
    if (!given) return `the placeholder %${name}% has no values`;
    texts = texts.flatMap((text) => given.map((one) => text + one));
  }
  return texts.map((text) => ({ value: text, source: text }));
}

function parseModifiers(chain: readonly string[]): Modifiers {
  const result: Modifiers = {
    kind: 'text', comparison: 'eq', timePart: undefined, anchor: 'whole', transforms: [], regexFlags: '',
    cased: false, all: false, negated: false, expand: false,
  };
  const fault = (message: string): never => { throw new FieldTestError('modifier', message, 'key'); };
  let type = '';
  const setKind = (kind: Modifiers['kind'], modifier: string): void => {
    if (type !== '') fault(`|${type} and |${modifier} exclude each other`);
    type = modifier;
    result.kind = kind;
  };
  for (const modifier of chain) {
    if ((anchors as readonly string[]).includes(modifier)) {
      if (result.anchor !== 'whole') fault(`|${result.anchor} and |${modifier} exclude each other`);
      result.anchor = modifier as Anchor;
    } else if (comparisons.includes(modifier)) {
      setKind('compare', modifier);
      result.comparison = modifier as Comparison;
    } else if (timeParts.includes(modifier)) {
      if (result.timePart) fault(`|${result.timePart} and |${modifier} exclude each other`);
      result.timePart = modifier as TimePart;
    } else if (transforms.includes(modifier)) result.transforms.push(modifier);
    else if (modifier === 're') setKind('regex', modifier);
    else if (modifier === 'i' || modifier === 'm' || modifier === 's') {
      if (result.kind !== 'regex') fault(`|${modifier} is allowed only after |re`);
      result.regexFlags += modifier;
    } else if (modifier === 'cidr' || modifier === 'exists' || modifier === 'fieldref' || isMeaning(modifier)) setKind(modifier, modifier);
    else if (modifier === 'cased') result.cased = true;
    else if (modifier === 'all') result.all = true;
    else if (modifier === 'neq') result.negated = true;
    else if (modifier === 'expand') result.expand = true;
    else fault(`the modifier "|${modifier}" is unknown${hintFor(modifier, modifierNames)}`);
  }
  if (result.timePart && type !== '' && result.kind !== 'compare') fault(`|${type} and |${result.timePart} exclude each other`);
  type ||= result.timePart ?? '';
  if (type !== '' && (result.cased || result.transforms.length > 0)) fault(`|${type} cannot be combined with |cased or an encoding`);
  if (result.anchor !== 'whole' && type !== '' && result.kind !== 'fieldref') fault(`|${result.anchor} and |${type} exclude each other`);
  if (result.timePart) result.kind = 'compare';
  return result;
}

function valueTests(
  { value, source }: RuleValue,
  index: number,
  field: Field | undefined,
  modifiers: Modifiers,
  resolve: FieldResolver,
): ValueTest[] {
  const fault = (message: string): never => {
    throw new FieldTestError('value', message, index);
  };
  switch (modifiers.kind) {
    case 'exists':
      return [{ op: 'exists', expected: booleans.get(source.toLowerCase()) ?? fault('the value of |exists must be true or false') }];
    case 'cidr':
      return [
        {
          op: 'cidr', block: Cidr.parse(source) ?? fault(`"${source}" is not an address block; expected one such as 10.0.0.0/8`),
          network: source.split('/')[0]!,
        },
      ];
    case 'fieldref': {
      const other = resolve(source) ?? fault(`the field "${source}" is unknown${hintFor(source, recordFieldNames)}`);
      if (other.of === 'nowhere' || other.of === 'values') return [{ op: 'field', field: standIn, anchor: modifiers.anchor }];
      if (other.type === 'observables') fault(`the field "${source}" is a list and has no single value`);
      return [{ op: 'field', field: other, anchor: modifiers.anchor }];
    }
    case 'compare': {
      const number = typeof value === 'number' ? value : Number(source);
      if (source === '' || !Number.isFinite(number)) fault(`the value of |${modifiers.timePart ?? modifiers.comparison} must be a number`);
      if (modifiers.timePart) return [{ op: 'time', part: modifiers.timePart, comparison: modifiers.comparison, value: number }];
      return [{ op: 'compare', comparison: modifiers.comparison as Comparison, value: number }];
    }
    case 'regex':
      try {
        return [{ op: 'regex', regex: compileRegex(source, modifiers.regexFlags) }];
      } catch (error) {
        if (error instanceof RegexRefused)
          throw new FieldTestError(
            'regex', `the regular expression cannot be used, at character ${error.offset + 1}: ${error.message}`, index, error.offset,
          );
        throw error;
      }
    case 'identifier': case 'dataclass': case 'jurisdiction': case 'policy': return []; // handled by meaningTest
    case 'text':
      if (value === null) {
        return modifiers.anchor === 'whole' && modifiers.transforms.length === 0
          ? [{ op: 'absent' }]
          : fault('null cannot be combined with a modifier');
      }
      if (field?.type === 'number' && modifiers.anchor === 'whole' && modifiers.transforms.length === 0 && isNumeric(value))
        return [{ op: 'number', value: Number(value) }];
      return textTests(source, modifiers, fault);
  }
}

function textTests(source: string, modifiers: Modifiers, fault: (message: string) => never): ValueTest[] {
  // Base64 is case-sensitive.
  const base64 = modifiers.transforms.find((name) => name.startsWith('base64'));
  const cased = modifiers.cased || base64 !== undefined;
  const pattern = parsePattern(source);
  if (base64 !== undefined && literalOf(pattern) === undefined) fault(`|${base64} cannot be applied to wildcards`);
  return transformed(pattern, modifiers.transforms).map((one) => {
    const folded = cased ? one : mapLiterals(one, (text) => text.toLowerCase());
    const anchored = anchor(folded, modifiers.anchor);
    return { op: 'text', pattern: anchored, literal: literalOf(anchored), cased };
  });
}

function anchor(pattern: Pattern, how: Anchor): Pattern {
  const head: Pattern = how === 'contains' || how === 'endswith' ? [anyRun] : [];
  const tail: Pattern = how === 'contains' || how === 'startswith' ? [anyRun] : [];
  return [...head, ...pattern, ...tail];
}

function isNumeric(value: string | number | boolean): boolean {
  return typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));
}

/** A pattern with its literals as bytes. */
type BytePart = Buffer | Exclude<Pattern[number], string>;
type BytePattern = readonly BytePart[];

/** Applies encodings in the order in which they are written. Returns the patterns to search for. */
function transformed(pattern: Pattern, names: readonly string[]): Pattern[] {
  let variants: BytePattern[] = [pattern.map((part): BytePart => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part))];
  for (const name of names) variants = variants.flatMap((variant) => mapParts(variant, name));
  // UTF-16 that is not encoded further is compared with one character per byte.
  const encoding = names.some((name) => /^(?:wide|utf16)/.test(name)) ? 'latin1' : 'utf8';
  return variants.map((parts) => parts.map((part) => (Buffer.isBuffer(part) ? part.toString(encoding) : part)).filter((part) => part !== ''));
}

/** The pattern with its literals encoded, in each possible way. */
function mapParts(parts: BytePattern, name: string): BytePattern[] {
  let results: BytePart[][] = [[]];
  for (const part of parts) {
    const ways: BytePart[] = Buffer.isBuffer(part) ? transform(part, name) : [part];
    results = results.flatMap((result) => ways.map((way): BytePart[] => [...result, way]));
  }
  return results;
}

function transform(value: Buffer, name: string): Buffer[] {
  switch (name) {
    case 'wide': case 'utf16le': return [utf16(value)];
    case 'utf16be': return [utf16(value).swap16()];
    case 'utf16': return [Buffer.concat([Buffer.of(0xff, 0xfe), utf16(value)])];
    case 'base64': return [Buffer.from(value.toString('base64'))];
    case 'base64offset': return [0, 1, 2].map((offset) => base64At(value, offset));
    default: return windash(value.toString('utf8')).map((text) => Buffer.from(text, 'utf8'));
  }
}

function utf16(value: Buffer): Buffer {
  return Buffer.from(value.toString('utf8'), 'utf16le');
}

/** The characters of the encoding of `value` at `offset` (modulo 3) in a longer text that do not depend on that text. */
function base64At(value: Buffer, offset: number): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(offset), value]).toString('base64');
  const from = [0, 2, 3][offset]!;
  const to = [undefined, -3, -2][(value.length + offset) % 3];
  return Buffer.from(encoded.slice(from, to));
}

const dashes = ['-', '/', '–', '—', '―'];
/** So many dashes of one text vary independently; further ones vary together. */
const maxDashes = 4;

/** Each permutation of the dashes and slash that Windows programs accept for an option's dash. Sigma specification 2.1, "windash". */
function windash(text: string): string[] {
  const places = [...text.matchAll(/(?<!\w)[-/–—―](?=\w)/g)].map(({ index }) => index);
  let variants = [text];
  for (const group of [...places.slice(0, maxDashes).map((place) => [place]), places.slice(maxDashes)]) {
    if (group.length > 0)
      variants = variants.flatMap((variant) =>
        dashes.map((dash) => group.reduce((changed, place) => changed.slice(0, place) + dash + changed.slice(place + 1), variant)),
      );
  }
  return variants;
}
