import type { FlowField } from '#flow';
import type { Expression, ValueTest } from './expression.ts';
import { FieldTestError, type RuleValue } from './field-test-error.ts';
import { recordField, type Field } from './fields.ts';
import { anyRun, type Pattern } from './pattern.ts';
import { hintFor, type Vocabulary } from './vocabulary.ts';

/** Telltale's own modifiers, which compare what a value means, according to the tables that detection uses. */
export const meaningModifiers = ['identifier', 'dataclass', 'jurisdiction', 'policy'] as const;
export type MeaningModifier = (typeof meaningModifiers)[number];

/**
 * Translates one value under such a modifier into ordinary tests, so that it is indexed, explained and run in SQL like them.
 * @throws FieldTestError with subject `key` for a field to which the modifier does not apply, else with `index`.
 */
export function meaningTest(modifier: MeaningModifier, field: Field, { source }: RuleValue, index: number, vocabulary: Vocabulary): Expression {
  switch (modifier) {
    case 'identifier': return holdsKind(field, [kindNamed(source, index, vocabulary)]);
    case 'dataclass': return holdsKind(field, kindsOfClass(source, index, vocabulary));
    case 'jurisdiction': return inJurisdiction(field, source, index, vocabulary);
    case 'policy': return judged(field, source, index, vocabulary);
  }
}

function kindNamed(name: string, index: number, { kinds }: Vocabulary): string {
  if (kinds.has(name)) return name;
  if (new Set(kinds.values()).has(name)) throw new FieldTestError('unknown-identifier', `"${name}" is a data class: use |dataclass for it`, index);
  throw new FieldTestError('unknown-identifier', `no kind of identifier is named "${name}"${hintFor(name, kinds.keys())}`, index);
}

function kindsOfClass(name: string, index: number, { kinds }: Vocabulary): string[] {
  const ofClass = [...kinds].filter(([, dataClass]) => dataClass === name).map(([kind]) => kind);
  if (ofClass.length > 0) return ofClass;
  if (kinds.has(name)) throw new FieldTestError('unknown-dataclass', `"${name}" is a kind of identifier: use |identifier for it`, index);
  throw new FieldTestError('unknown-dataclass', `no data class is named "${name}"${hintFor(name, new Set(kinds.values()))}`, index);
}

/** Fields that hold kinds; in any other text, identifiers were replaced by `{kind}`. */
export const kindFields: readonly string[] = ['telltale.observable.kind', 'telltale.flow.observable_kinds'];

function holdsKind(field: Field, kinds: readonly string[]): Expression {
  if (kindFields.includes(field.name)) return anyOf(field, kinds.map((kind) => textTest([kind])));
  if (field.type !== 'text' && field.type !== 'texts')
    throw new FieldTestError('modifier', `the field "${field.name}" does not hold identifiers`, 'key');
  return anyOf(field, kinds.map((kind) => textTest([anyRun, `{${kind}}`, anyRun])));
}

const countryOf: Readonly<Record<string, FlowField>> = {
  'source.ip': 'source.geo.country_iso_code',
  'destination.ip': 'destination.geo.country_iso_code',
};
const peerCountries: readonly FlowField[] = ['telltale.peer.located', 'telltale.peer.registered', 'telltale.peer.operated'];
const countryFields: ReadonlySet<string> = new Set([
  ...peerCountries,
  ...Object.values(countryOf),
  'telltale.peer.disputed',
  'telltale.peer.disproved',
]);

/** The address is located in the set, or, if it is the peer, registered in or operated from it, at the time of the record. */
function inJurisdiction(field: Field, name: string, index: number, { jurisdictions }: Vocabulary): Expression {
  const members = jurisdictions.resolve(name);
  if (!members)
    throw new FieldTestError(
      'unknown-jurisdiction',
      `no set of countries is named "${name}"${hintFor(name, jurisdictions.names)}, and it is not a country code in capitals`,
      index,
    );
  const always = members.filter(({ from, to }) => from === -Infinity && to === Infinity).map(({ country }) => country.toLowerCase());
  const inSet = (country: Field): Expression => or([
    ...(always.length > 0 ? [anyOf(country, always.map((code) => textTest([code])))] : []),
    ...members.filter(({ from, to }) => from !== -Infinity || to !== Infinity).map((member): Expression => ({
      type: 'and', operands: [anyOf(country, [textTest([member.country.toLowerCase()])]), ...during(member.from, member.to)],
    })),
  ]);
  if (countryFields.has(field.name)) return inSet(field);
  return ofAddress(field, 'jurisdiction', or(peerCountries.map((one) => inSet(known(one)))), (located) => inSet(located));
}

function during(from: number, to: number): Expression[] {
  const time = known('@timestamp');
  const compare = (comparison: 'gte' | 'lte', value: number): Expression => anyOf(time, [{ op: 'compare', comparison, value }]);
  return [...(from > -Infinity ? [compare('gte', from)] : []), ...(to < Infinity ? [compare('lte', to)] : [])];
}

const verdicts = ['allowed', 'unknown', 'denied'];

/** A verdict on the peer, by any policy or by one: `denied`, `eea-voice` (which denies it), `eea-voice unknown`. */
function judged(field: Field, text: string, index: number, { policies }: Vocabulary): Expression {
  const [first = '', second, ...rest] = text.trim().split(/\s+/);
  if (second === undefined && verdicts.includes(first))
    return ofAddress(field, 'policy', anyOf(known('telltale.policy.verdict'), [textTest([first])]));
  if (!policies.includes(first))
    throw new FieldTestError('unknown-policy', `no policy has the id "${first}"${hintFor(first, [...policies, ...verdicts])}`, index);
  const verdict = second ?? 'denied';
  if (!verdicts.includes(verdict) || rest.length > 0)
    throw new FieldTestError('value', `"${text}" cannot be used: a policy's id may be followed only by one of ${verdicts.join(', ')}`, index);
  // A decision reads `eea-voice@2 denied located=CN`.
  return ofAddress(field, 'policy', anyOf(known('telltale.policy.decisions'), [textTest([`${first}@`, anyRun, ` ${verdict} `, anyRun])]));
}

/**
 * A test of the peer applied to an address of the flow: it holds if the address is the peer, or if `ofLocated` holds for the country of the
 * address.
 */
function ofAddress(field: Field, modifier: string, ofPeer: Expression, ofLocated?: (country: Field) => Expression): Expression {
  if (field.name === 'telltale.peer.ip') return ofPeer;
  const country = countryOf[field.name];
  if (country === undefined) {
    const fields = ['telltale.peer.ip', ...Object.keys(countryOf), ...(ofLocated ? countryFields : [])];
    throw new FieldTestError('modifier', `|${modifier} judges addresses, and applies only to ${fields.join(', ')}`, 'key');
  }
  const isPeer: Expression = anyOf(field, [{ op: 'field', field: known('telltale.peer.ip'), anchor: 'whole' }]);
  const asPeer: Expression = { type: 'and', operands: [isPeer, ofPeer] };
  return ofLocated ? or([ofLocated(known(country)), asPeer]) : asPeer;
}

function known(name: FlowField): Field {
  return recordField(name)!;
}

function anyOf(field: Field, tests: ValueTest[]): Expression {
  return { type: 'field', field, quantifier: 'any', tests };
}

function or(operands: Expression[]): Expression {
  return operands.length === 1 ? operands[0]! : { type: 'or', operands };
}

function textTest(pattern: Pattern): ValueTest {
  return { op: 'text', pattern, literal: pattern.length === 1 ? pattern[0] as string : undefined, cased: false };
}
