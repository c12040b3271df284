import { levels } from '#flow';
import { Cidr, CidrSet, dimensions, LocatedError, readYaml, roles, type Dimension, type LocatedDocument, type Problem } from '#geo';
import { z } from 'zod';
import { daySchema, endOfDay, startOfDay } from './dates.ts';
import type { Jurisdictions, Membership } from './jurisdictions.ts';
import { macTokens } from './policy-inventory.ts';
import { Policy, type DimensionRule } from './policy-judgement.ts';

const names = z.array(z.string().min(1)).min(1);
const countries = z.strictObject({ located: names.optional(), registered: names.optional(), operated: names.optional() });
const blocks = z.array(z.string().refine((text) => Cidr.parse(text) !== undefined, 'expected an address block such as 10.0.0.0/8')).min(1);
const whenUnknown = z.enum(['indeterminate', 'allow', 'deny']);
const schema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/, 'expected words in lower case, joined by -'),
  version: z.string().min(1),
  title: z.string().min(1),
  description: z.string().optional(),
  owner: z.string().optional(),
  references: z.array(z.string()).optional(),
  level: z.enum(levels),
  valid_from: daySchema.optional(),
  valid_to: daySchema.optional(),
  subjects: z.strictObject({
    cidr: blocks.optional(), not_cidr: blocks.optional(), mac: macTokens.optional(),
    tags: z.record(z.string().regex(/^[a-z_]+$/, 'expected a tag name in lower case'), names).optional(),
  }).optional(),
  services: names.optional(),
  roles: z.array(z.enum(roles)).min(1).optional(),
  data_classes: names.optional(),
  identifier_kinds: names.optional(),
  deny: countries.optional(),
  allow: countries.optional(),
  unknown: z.union([
    whenUnknown, z.strictObject({ located: whenUnknown, registered: whenUnknown, operated: whenUnknown }).partial(),
  ]).default('indeterminate'),
}).refine((policy) => policy.deny !== undefined || policy.allow !== undefined, 'a policy needs "deny" or "allow"');

export type PolicyDefinition = z.infer<typeof schema>;

/** What policy files may refer to. */
export interface PolicyContext {
  jurisdictions: Jurisdictions;
  /** Names of the services of the catalogue. */
  services: Iterable<string>;
  /** Data class of each kind of the identifier catalogue; without it policies cannot name identifiers. */
  kinds?: ReadonlyMap<string, string>;
}

export interface PolicyFile {
  policy: Policy;
  /** As written. */
  definition: PolicyDefinition;
  place: LocatedDocument<unknown>['place'];
  file: string;
}

/** Reads one policy (see docs/jurisdictions.md). Throws LocatedError with all problems. */
export function parsePolicy(text: string, file: string, context: PolicyContext): Policy {
  return readPolicy(text, file, context).policy;
}

/** Reads one policy, with its definition as written. Throws LocatedError with all problems. */
export function readPolicy(text: string, file: string, { jurisdictions, services, kinds = new Map() }: PolicyContext): PolicyFile {
  const { value, place } = readYaml(schema, text, file);
  const problems: Problem[] = [];
  const report = (path: PropertyKey[], code: string, message: string): void => {
    problems.push({ file, ...place(path), severity: 'error', code, message });
  };
  const known = new Set(Array.from(services, (name) => name.toLowerCase()));
  for (const [i, name] of (value.services ?? []).entries()) {
    if (!known.has(name.toLowerCase())) report(['services', i], 'unknown-service', `no service of the catalogue is named "${name}"`);
  }
  if (value.valid_from !== undefined && value.valid_to !== undefined && value.valid_to < value.valid_from)
    report(['valid_to'], 'dates', 'valid_to is before valid_from');

  const members = (list: 'deny' | 'allow', dimension: Dimension): Map<string, Membership[]> | undefined => {
    const entries = value[list]?.[dimension];
    if (!entries) return undefined;
    const found = new Map<string, Membership[]>();
    for (const [i, name] of entries.entries()) {
      const resolved = jurisdictions.resolve(name);
      if (!resolved) report([list, dimension, i], 'unknown-set', `"${name}" is neither a country code nor a named set`);
      for (const membership of resolved ?? []) found.set(membership.country, [...(found.get(membership.country) ?? []), membership]);
    }
    return found;
  };
  const rules: DimensionRule[] = [];
  for (const dimension of dimensions) {
    const denied = members('deny', dimension);
    const allowed = members('allow', dimension);
    if (!denied && !allowed) continue;
    for (const [country, memberships] of denied ?? []) {
      if (overlap(memberships, allowed?.get(country) ?? []))
        report(['allow', dimension], 'contradiction', `${country} is both allowed and denied as ${dimension}`);
    }
    const unknown = typeof value.unknown === 'string' ? value.unknown : value.unknown[dimension] ?? 'indeterminate';
    rules.push({ dimension, denied: denied ?? new Map(), allowed, unknown: verdictWhenUnknown[unknown] });
  }
  const tags = Object.entries(value.subjects?.tags ?? {}).map(([key, values]) => tagChoice(key, values, jurisdictions));
  const wantedKinds = identifierKinds(value, kinds, report);
  if (problems.length > 0) throw new LocatedError(problems);

  const policy = new Policy(value, {
    from: value.valid_from === undefined ? -Infinity : startOfDay(value.valid_from),
    to: value.valid_to === undefined ? Infinity : endOfDay(value.valid_to),
    subjects: cidrSet(value.subjects?.cidr),
    exempt: cidrSet(value.subjects?.not_cidr),
    macs: value.subjects?.mac && new Set(value.subjects.mac),
    tags,
    services: value.services && new Set([...value.services, ...value.services.map((name) => name.toLowerCase())]),
    roles: value.roles && new Set(value.roles),
    kinds: wantedKinds,
  }, rules);
  return { policy, definition: value, place, file };
}

const verdictWhenUnknown = { indeterminate: 'unknown', allow: 'allowed', deny: 'denied' } as const;

/** Kinds that restrict the policy: those it names, and those of the data classes it names. */
function identifierKinds(
  value: PolicyDefinition,
  kinds: ReadonlyMap<string, string>,
  report: (path: PropertyKey[], code: string, message: string) => void,
): Set<string> | undefined {
  if (!value.identifier_kinds && !value.data_classes) return undefined;
  const classes = new Set(kinds.values());
  for (const [i, name] of (value.identifier_kinds ?? []).entries()) {
    if (!kinds.has(name)) report(['identifier_kinds', i], 'unknown-kind', `the identifier catalogue has no kind "${name}"`);
  }
  for (const [i, name] of (value.data_classes ?? []).entries()) {
    if (!classes.has(name))
      report(['data_classes', i], 'unknown-class', `no data class is named "${name}"; the data classes are ${[...classes].toSorted().join(', ')}`);
  }
  const ofClasses = [...kinds].filter(([, dataClass]) => value.data_classes?.includes(dataClass)).map(([kind]) => kind);
  return new Set([...(value.identifier_kinds ?? []), ...ofClasses]);
}

/** A tag with each of the given values; those of `residency` may be named sets of countries. */
function tagChoice(key: string, values: readonly string[], jurisdictions: Jurisdictions): Set<string> {
  const expanded = values.flatMap((value) =>
    key === 'residency' ? (jurisdictions.resolve(value)?.map(({ country }) => country) ?? [value]) : [value],
  );
  return new Set(expanded.map((value) => `${key}=${value}`));
}

function overlap(some: readonly Membership[], others: readonly Membership[]): boolean {
  return some.some((a) => others.some((b) => a.from <= b.to && b.from <= a.to));
}

function cidrSet(texts: readonly string[] | undefined): CidrSet | undefined {
  return texts && new CidrSet(texts.map((text) => Cidr.parse(text)!));
}
