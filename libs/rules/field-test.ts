import { Cidr } from '#geo';
import type { Comparison, Expression, ValueTest } from './expression.ts';
import type { Field, FieldResolver } from './fields.ts';
import { anyRun, literalOf, mapLiterals, parsePattern, type Pattern } from './pattern.ts';
import { compileRegex, RegexRefused } from './regex.ts';

/** A value as YAML has it; `source` is its spelling in the file. */
export interface RuleValue {
  value: string | number | boolean | null;
  source: string;
}

/** Why a field, modifier or value is refused. `subject` says where the fault is: in the key, or in the value of that number. */
export class FieldTestError extends Error {
  override readonly name = 'FieldTestError';
  readonly code: string;
  readonly subject: 'key' | number;

  constructor(code: string, message: string, subject: 'key' | number) {
    super(message);
    this.code = code;
    this.subject = subject;
  }
}

const anchors = ['contains', 'startswith', 'endswith'] as const;
type Anchor = 'whole' | (typeof anchors)[number];
const comparisons: readonly string[] = ['lt', 'lte', 'gt', 'gte'];
/** Modifiers that change the text before it is compared. */
const transforms: readonly string[] = ['base64', 'base64offset', 'wide', 'utf16le', 'utf16be', 'utf16', 'windash'];
/** Modifiers of the specification that are read, but have no meaning here yet. */
const unsupported: readonly string[] = ['expand', 'minute', 'hour', 'day', 'week', 'month', 'year'];

interface Modifiers {
  kind: 'text' | 'regex' | 'cidr' | 'exists' | 'fieldref' | Comparison;
  anchor: Anchor;
  transforms: string[];
  regexFlags: string;
  cased: boolean;
  all: boolean;
  negated: boolean;
}

/** Reads one entry of a search, `field|modifier|…: values`, into an expression. Without a field it is a keyword test. */
export function parseFieldTest(key: string, values: readonly RuleValue[], resolve: FieldResolver): Expression {
  const [name = '', ...chain] = key.split('|');
  const modifiers = parseModifiers(chain);
  // Keywords stand anywhere in a text.
  if (name === '' && modifiers.anchor === 'whole') modifiers.anchor = 'contains';
  const field = name === '' ? undefined : resolve(name);
  if (name !== '' && !field) throw new FieldTestError('unknown-field', `unknown field "${name}"`, 'key');
  if (values.length === 0) throw new FieldTestError('value', 'an empty list matches nothing', 'key');
  if (!field && modifiers.kind !== 'text' && modifiers.kind !== 'regex') throw new FieldTestError('modifier', `|${modifiers.kind} needs a field`, 'key');
  if (field?.type === 'observables' && modifiers.kind !== 'exists') {
    throw new FieldTestError('modifier', `"${name}" is a list of observables: only |exists applies, or use telltale.observable.*`, 'key');
  }

  const tests = values.flatMap((value, i) => valueTests(value, i, field, modifiers, resolve));
  // Variants of one value (base64offset, windash) are alternatives even under |all.
  const quantifier = modifiers.all ? 'all' : 'any';
  const node = (list: ValueTest[], of: 'any' | 'all'): Expression => (field ? { type: 'field', field, quantifier: of, tests: list } : { type: 'keyword', quantifier: of, tests: list });
  const expression: Expression = modifiers.all && modifiers.transforms.length > 0
    ? { type: 'and', operands: values.map((value, i) => node(valueTests(value, i, field, modifiers, resolve), 'any')) }
    : node(tests, quantifier);
  return modifiers.negated ? { type: 'not', operand: expression } : expression;
}

function parseModifiers(chain: readonly string[]): Modifiers {
  const result: Modifiers = { kind: 'text', anchor: 'whole', transforms: [], regexFlags: '', cased: false, all: false, negated: false };
  const fault = (message: string): never => { throw new FieldTestError('modifier', message, 'key'); };
  const setKind = (kind: Modifiers['kind']): void => {
    if (result.kind !== 'text') fault(`|${result.kind} and |${kind} exclude each other`);
    result.kind = kind;
  };
  for (const modifier of chain) {
    if ((anchors as readonly string[]).includes(modifier)) {
      if (result.anchor !== 'whole') fault(`|${result.anchor} and |${modifier} exclude each other`);
      result.anchor = modifier as Anchor;
    } else if (comparisons.includes(modifier)) setKind(modifier as Comparison);
    else if (transforms.includes(modifier)) result.transforms.push(modifier);
    else if (modifier === 're') setKind('regex');
    else if (modifier === 'i' || modifier === 'm' || modifier === 's') {
      if (result.kind !== 'regex') fault(`|${modifier} belongs behind |re`);
      result.regexFlags += modifier;
    } else if (modifier === 'cidr' || modifier === 'exists' || modifier === 'fieldref') setKind(modifier);
    else if (modifier === 'cased') result.cased = true;
    else if (modifier === 'all') result.all = true;
    else if (modifier === 'neq') result.negated = true;
    else if (unsupported.includes(modifier)) fault(`modifier |${modifier} is not supported`);
    else fault(`unknown modifier "|${modifier}"`);
  }
  if (result.kind !== 'text' && (result.cased || result.transforms.length > 0)) fault(`|${result.kind} takes neither |cased nor an encoding`);
  if (result.anchor !== 'whole' && result.kind !== 'text' && result.kind !== 'fieldref') fault(`|${result.anchor} and |${result.kind} exclude each other`);
  return result;
}

function valueTests({ value, source }: RuleValue, index: number, field: Field | undefined, modifiers: Modifiers, resolve: FieldResolver): ValueTest[] {
  const fault = (message: string): never => { throw new FieldTestError('value', message, index); };
  switch (modifiers.kind) {
    case 'exists':
      return [{ op: 'exists', expected: typeof value === 'boolean' ? value : fault('|exists takes true or false') }];
    case 'cidr':
      return [{ op: 'cidr', block: Cidr.parse(source) ?? fault(`"${source}" is no address block`) }];
    case 'fieldref': {
      const other = resolve(source) ?? fault(`unknown field "${source}"`);
      if (other.type === 'observables') fault(`"${source}" has no single value`);
      return [{ op: 'field', field: other, anchor: modifiers.anchor }];
    }
    case 'lt': case 'lte': case 'gt': case 'gte': {
      const number = typeof value === 'number' ? value : Number(source);
      if (source === '' || !Number.isFinite(number)) fault(`|${modifiers.kind} takes a number`);
      return [{ op: 'compare', comparison: modifiers.kind, value: number }];
    }
    case 'regex':
      try {
        return [{ op: 'regex', regex: compileRegex(source, modifiers.regexFlags) }];
      } catch (error) {
        if (error instanceof RegexRefused) fault(`regular expression, character ${error.offset + 1}: ${error.message}`);
        throw error;
      }
    case 'text':
      if (value === null) {
        return modifiers.anchor === 'whole' && modifiers.transforms.length === 0 ? [{ op: 'absent' }] : fault('null takes no modifier');
      }
      if (field?.type === 'number' && modifiers.anchor === 'whole' && modifiers.transforms.length === 0 && isNumeric(value)) return [{ op: 'number', value: Number(value) }];
      return textTests(source, modifiers, fault);
  }
}

function textTests(source: string, modifiers: Modifiers, fault: (message: string) => never): ValueTest[] {
  let patterns: Pattern[] = [parsePattern(source)];
  // Base64 has a case of its own.
  const cased = modifiers.cased || modifiers.transforms.some((name) => name.startsWith('base64'));
  if (modifiers.transforms.length > 0) {
    patterns = transformed(literalOf(patterns[0]!) ?? fault(`wildcards cannot stand under |${modifiers.transforms[0]}`), modifiers.transforms).map((text) => (text === '' ? [] : [text]));
  }
  return patterns.map((pattern) => {
    const folded = cased ? pattern : mapLiterals(pattern, (text) => text.toLowerCase());
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

/** Applies encodings in the order in which they are written; the texts to look for. */
function transformed(text: string, names: readonly string[]): string[] {
  let values: Buffer[] = [Buffer.from(text, 'utf8')];
  for (const name of names) values = values.flatMap((value) => transform(value, name));
  return values.map((value) => value.toString('utf8'));
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

/** The characters that are the same wherever `value` stands at `offset` (modulo 3) in a longer encoded text. */
function base64At(value: Buffer, offset: number): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(offset), value]).toString('base64');
  const from = [0, 2, 3][offset]!;
  const to = [undefined, -3, -2][(value.length + offset) % 3];
  return Buffer.from(encoded.slice(from, to));
}

/** Windows programs take several dashes, and a slash, for an option's dash. Sigma specification 2, "windash". */
function windash(text: string): string[] {
  return ['-', '/', '–', '—', '―'].map((dash) => text.replace(/(^|\s)[-/](?=\w)/g, `$1${dash}`));
}
