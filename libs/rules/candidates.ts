import { flowFields } from '#flow';
import type { Cidr } from '#geo';
import type { Expression, ValueTest } from './expression.ts';
import type { Field } from './fields.ts';
import { anyOne, anyRun, type Pattern } from './pattern.ts';
import { parseRegex, requiredTexts } from './regex-syntax.ts';

/** A field whose single values can be looked up. */
export type KeyField = Exclude<Field, { type: 'observables' }>;

/** Something that a value must equal or contain, and that is cheap to look up for many rules at once. Texts are in lower case. */
export type CandidateKey =
  | { kind: 'exact'; field: KeyField; value: string | number }
  /** The text occurs in the value; without a field, in any text of the record. */
  | { kind: 'part'; field: KeyField | undefined; text: string }
  | { kind: 'cidr'; field: KeyField; block: Cidr; network: string }
  /** The field is not absent. */
  | { kind: 'present'; field: KeyField };

/** Keys of which at least one must hold for a rule to match. */
export type Requirement = readonly CandidateKey[];

/** At most so many requirements are kept per rule; which one is used is decided when all rules are known. */
const mostRequirements = 12;

/** What an expression requires. Any one of the requirements suffices to find the rule; there is none when it requires no value. */
export function requirements(expression: Expression): Requirement[] {
  switch (expression.type) {
    case 'search': return requirements(expression.operand);
    case 'and': return expression.operands.flatMap(requirements).toSorted((a, b) => staticCost(a) - staticCost(b)).slice(0, mostRequirements);
    case 'or': {
      const keys: CandidateKey[] = [];
      for (const operand of expression.operands) {
        const best = requirements(operand).reduce<Requirement | undefined>(
          (one, other) => (!one || staticCost(other) < staticCost(one) ? other : one),
          undefined,
        );
        if (!best) return [];
        keys.push(...best);
      }
      return [keys];
    }
    case 'field': case 'keyword': {
      const field = expression.type === 'field' ? expression.field : undefined;
      if (field?.type === 'observables') return [];
      const each = expression.tests.map((test) => testKeys(field, test));
      if (expression.quantifier === 'all') return each.filter((keys) => keys !== undefined);
      return each.every((keys) => keys !== undefined) ? [each.flat()] : [];
    }
    case 'not': case 'unknown': return [];
  }
}

/** Keys of one test; undefined when an absent value may pass it. */
function testKeys(field: KeyField | undefined, test: ValueTest): CandidateKey[] | undefined {
  const number = field?.type === 'number';
  switch (test.op) {
    case 'text':
      if (number) return undefined;
      if (test.literal !== undefined && field) return test.literal === '' ? undefined : [{ kind: 'exact', field, value: test.literal.toLowerCase() }];
      return partKeys(field, longestPart(test.pattern, test.cased));
    case 'regex': {
      if (number) return undefined;
      const texts = requiredTexts(parseRegex(test.regex.source, test.regex.flags));
      return texts?.map((text): CandidateKey => ({ kind: 'part', field, text }));
    }
    case 'number': return number && test.value !== 0 ? [{ kind: 'exact', field, value: test.value }] : undefined;
    case 'cidr': return field && !number ? [{ kind: 'cidr', field, block: test.block, network: test.network }] : undefined;
    case 'compare': {
      const zeroPasses =
        test.comparison === 'lt'
          ? test.value > 0
          : test.comparison === 'gt'
            ? test.value < 0
            : test.comparison === 'lte'
              ? test.value >= 0
              : test.value <= 0;
      return field && (!number || !zeroPasses) ? [{ kind: 'present', field }] : undefined;
    }
    case 'time': return field ? [{ kind: 'present', field }] : undefined;
    case 'exists': return field && test.expected ? [{ kind: 'present', field }] : undefined;
    // An absent text refers to nothing, and no text is equal to it, contains it or begins with it.
    case 'field': return field && !number && test.field.type === 'text' ? [{ kind: 'present', field }] : undefined;
    case 'absent': return undefined;
  }
}

function partKeys(field: KeyField | undefined, text: string): CandidateKey[] | undefined {
  return text === '' ? undefined : [{ kind: 'part', field, text }];
}

/**
 * The longest literal between wildcards. Of case-sensitive patterns only ASCII is used: how other letters change case may depend on their
 * neighbours.
 */
function longestPart(pattern: Pattern, cased: boolean): string {
  const literals = pattern
    .filter((part): part is string => part !== anyRun && part !== anyOne)
    .flatMap((part) => (cased ? part.split(/[^\0-\x7f]+/) : [part]));
  return literals.reduce((longest, one) => (one.length > longest.length ? one : longest), '').toLowerCase();
}

/** Name of what a key looks up: equal keys have equal names. */
export function keyName(key: CandidateKey): string {
  const field = key.field?.name ?? '';
  switch (key.kind) {
    case 'exact': return `=${field}\0${key.value}`;
    case 'part': return `~${field}\0${key.text}`;
    case 'cidr': return `/${field}\0${key.network}/${key.block.length}`;
    case 'present': return `?${field}`;
  }
}

/** Fields in which nearly all records have one of two or three values. */
const nearlyConstant: ReadonlySet<string> = new Set([
  'network.transport', 'network.type', 'telltale.flow.state', 'telltale.flow.sequence', 'telltale.encryption.verdict',
  'telltale.observable.visibility', 'telltale.observable.sender',
]);

/** An estimate of how many records a key finds, relative to other keys. */
export function keyCost(key: CandidateKey): number {
  const { field } = key;
  if (key.kind === 'present') return nearlyConstant.has(field!.name) ? 20_000 : 3_000;
  const few = field && (nearlyConstant.has(field.name) ? 10_000 : field.of === 'record' && 'lowCardinality' in flowFields[field.name] ? 100 : 0);
  if (few) return few;
  switch (key.kind) {
    case 'exact': return field?.type === 'number' ? 10 : 1;
    case 'part': return (key.text.length >= 5 ? 2 : key.text.length >= 3 ? 8 : 60) * (field ? 1 : 3);
    case 'cidr': return key.block.length >= (key.block.family === 4 ? 16 : 32) ? 2 : 40;
  }
}

function staticCost(keys: Requirement): number {
  return keys.reduce((sum, key) => sum + keyCost(key), 0);
}
