import { levels, type FlowRecord, type Level } from '#flow';
import { Cidr, CidrSet, LocatedError, readYaml, roles, type Problem } from '#geo';
import { z } from 'zod';
import { daySchema, endOfDay, startOfDay } from './dates.ts';
import type { Jurisdictions, Membership } from './jurisdictions.ts';

/** Questions about a peer that a policy can judge. */
export const dimensions = ['located', 'registered', 'operated'] as const;
export type Dimension = (typeof dimensions)[number];
export type PolicyVerdict = 'allowed' | 'unknown' | 'denied';

const names = z.array(z.string().min(1)).min(1);
const countries = z.strictObject({ located: names.optional(), registered: names.optional(), operated: names.optional() });
const blocks = z.array(z.string().refine((text) => Cidr.parse(text) !== undefined, 'expected an address block such as 10.0.0.0/8')).min(1);
const whenUnknown = z.enum(['indeterminate', 'allow', 'deny']);
const schema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/, 'expected lower-case words joined by -'),
  version: z.string().min(1),
  title: z.string().min(1),
  description: z.string().optional(),
  owner: z.string().optional(),
  references: z.array(z.string()).optional(),
  level: z.enum(levels),
  valid_from: daySchema.optional(),
  valid_to: daySchema.optional(),
  subjects: z.strictObject({ cidr: blocks.optional(), not_cidr: blocks.optional() }).optional(),
  services: names.optional(),
  roles: z.array(z.enum(roles)).min(1).optional(),
  deny: countries.optional(),
  allow: countries.optional(),
  unknown: z.union([whenUnknown, z.strictObject({ located: whenUnknown, registered: whenUnknown, operated: whenUnknown }).partial()]).default('indeterminate'),
}).refine((policy) => policy.deny !== undefined || policy.allow !== undefined, 'a policy needs "deny" or "allow"');

/** What the policy asks of one dimension. */
interface DimensionRule {
  readonly dimension: Dimension;
  readonly field: 'telltale.peer.located' | 'telltale.peer.registered' | 'telltale.peer.operated';
  readonly denied: ReadonlyMap<string, Membership>;
  /** Undefined: what is not denied is allowed. */
  readonly allowed: ReadonlyMap<string, Membership> | undefined;
  readonly unknown: PolicyVerdict;
}

/** Says for a record of a service whether its peer may be where it is. */
export class Policy {
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly level: Level;
  readonly #from: number;
  readonly #to: number;
  readonly #subjects: CidrSet | undefined;
  readonly #exempt: CidrSet | undefined;
  /** In lower case; undefined: every service of the catalogue. */
  readonly #services: ReadonlySet<string> | undefined;
  readonly #roles: ReadonlySet<string> | undefined;
  readonly #rules: readonly DimensionRule[];

  constructor(definition: z.infer<typeof schema>, rules: readonly DimensionRule[]) {
    this.id = definition.id;
    this.version = definition.version;
    this.title = definition.title;
    this.level = definition.level;
    this.#from = definition.valid_from === undefined ? -Infinity : startOfDay(definition.valid_from);
    this.#to = definition.valid_to === undefined ? Infinity : endOfDay(definition.valid_to);
    this.#subjects = cidrSet(definition.subjects?.cidr);
    this.#exempt = cidrSet(definition.subjects?.not_cidr);
    this.#services = definition.services && new Set(definition.services.map((name) => name.toLowerCase()));
    this.#roles = definition.roles && new Set(definition.roles);
    this.#rules = rules;
  }

  /** Whether the policy speaks about the record: its time, service, role and subject. Records without a service are none of its business. */
  applies(record: FlowRecord): boolean {
    const service = record['telltale.service'];
    const time = record['@timestamp'];
    if (service === '' || time < this.#from || time > this.#to) return false;
    if (this.#services !== undefined && !this.#services.has(service.toLowerCase())) return false;
    if (this.#roles !== undefined && !this.#roles.has(record['telltale.role'])) return false;
    const subject = record['telltale.subject.ip'];
    return (this.#subjects === undefined || this.#subjects.has(subject)) && (this.#exempt === undefined || !this.#exempt.has(subject));
  }

  /** The strictest answer of any dimension: denied before unknown before allowed. */
  verdict(record: FlowRecord): PolicyVerdict {
    let strictest: PolicyVerdict = 'allowed';
    for (const rule of this.#rules) {
      const verdict = judge(rule, record);
      if (strictness[verdict] > strictness[strictest]) strictest = verdict;
    }
    return strictest;
  }

  /** Dimensions and countries that `verdict` rests on: `located=CN, operated=CN`. */
  reason(record: FlowRecord, verdict: PolicyVerdict): string {
    return this.#rules.filter((rule) => judge(rule, record) === verdict).map((rule) => `${rule.dimension}=${record[rule.field] || 'unknown'}`).join(', ');
  }
}

const strictness: Record<PolicyVerdict, number> = { allowed: 0, unknown: 1, denied: 2 };

function judge(rule: DimensionRule, record: FlowRecord): PolicyVerdict {
  const country = record[rule.field];
  if (country === '') return rule.unknown;
  const time = record['@timestamp'];
  if (isMember(rule.denied.get(country), time)) return 'denied';
  return rule.allowed === undefined || isMember(rule.allowed.get(country), time) ? 'allowed' : 'denied';
}

function isMember(membership: Membership | undefined, time: number): boolean {
  return membership !== undefined && time >= membership.from && time <= membership.to;
}

/** What policy files may refer to. */
export interface PolicyContext {
  jurisdictions: Jurisdictions;
  /** Names of the services of the catalogue. */
  services: Iterable<string>;
}

/** Reads one policy (see docs/rules.md). Throws LocatedError with all problems. */
export function parsePolicy(text: string, file: string, { jurisdictions, services }: PolicyContext): Policy {
  const { value, place } = readYaml(schema, text, file);
  const problems: Problem[] = [];
  const report = (path: PropertyKey[], code: string, message: string): void => {
    problems.push({ file, ...place(path), severity: 'error', code, message });
  };
  const known = new Set(Array.from(services, (name) => name.toLowerCase()));
  for (const [i, name] of (value.services ?? []).entries()) {
    if (!known.has(name.toLowerCase())) report(['services', i], 'unknown-service', `no service of the catalogue is named "${name}"`);
  }
  if (value.valid_from !== undefined && value.valid_to !== undefined && value.valid_to < value.valid_from) report(['valid_to'], 'dates', 'valid_to lies before valid_from');

  const members = (list: 'deny' | 'allow', dimension: Dimension): Map<string, Membership> | undefined => {
    const entries = value[list]?.[dimension];
    if (!entries) return undefined;
    const found = new Map<string, Membership>();
    for (const [i, name] of entries.entries()) {
      const resolved = jurisdictions.resolve(name);
      if (!resolved) report([list, dimension, i], 'unknown-set', `"${name}" is neither a country code nor a named set`);
      for (const membership of resolved ?? []) found.set(membership.country, union(found.get(membership.country), membership));
    }
    return found;
  };
  const rules: DimensionRule[] = [];
  for (const dimension of dimensions) {
    const denied = members('deny', dimension);
    const allowed = members('allow', dimension);
    if (!denied && !allowed) continue;
    for (const country of denied?.keys() ?? []) {
      if (allowed?.has(country)) report(['allow', dimension], 'contradiction', `${country} is both allowed and denied as ${dimension}`);
    }
    const unknown = typeof value.unknown === 'string' ? value.unknown : value.unknown[dimension] ?? 'indeterminate';
    rules.push({ dimension, field: `telltale.peer.${dimension}`, denied: denied ?? new Map(), allowed, unknown: verdictWhenUnknown[unknown] });
  }
  if (problems.length > 0) throw new LocatedError(problems);
  return new Policy(value, rules);
}

const verdictWhenUnknown = { indeterminate: 'unknown', allow: 'allowed', deny: 'denied' } as const;

/** A country that two lists name belongs for the time of both. */
function union(a: Membership | undefined, b: Membership): Membership {
  return a ? { country: b.country, from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) } : b;
}

function cidrSet(texts: readonly string[] | undefined): CidrSet | undefined {
  return texts && new CidrSet(texts.map((text) => Cidr.parse(text)!));
}

/** Policies that hold together: the strictest verdict decides; among equals the higher level, then the order given. */
export class PolicySet {
  readonly policies: readonly Policy[];
  readonly #byId: ReadonlyMap<string, Policy>;

  constructor(policies: readonly Policy[]) {
    this.policies = policies.toSorted((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level));
    this.#byId = new Map(policies.map((policy) => [policy.id, policy]));
    if (this.#byId.size < policies.length) throw new Error('two policies have the same id');
  }

  /** `conferencing@1, …` */
  get version(): string {
    return this.policies.map(({ id, version }) => `${id}@${version}`).toSorted().join(' ');
  }

  get(id: string): Policy | undefined {
    return this.#byId.get(id);
  }

  /** Fills `telltale.policy.*` of a record whose service and peer are known; leaves it empty when no policy applies. */
  decide(record: FlowRecord): void {
    let decisive: Policy | undefined;
    let strictest: PolicyVerdict = 'allowed';
    for (const policy of this.policies) {
      if (!policy.applies(record)) continue;
      const verdict = policy.verdict(record);
      if (decisive !== undefined && strictness[verdict] <= strictness[strictest]) continue;
      decisive = policy;
      strictest = verdict;
    }
    if (decisive === undefined) return;
    record['telltale.policy.id'] = decisive.id;
    record['telltale.policy.verdict'] = strictest;
    record['telltale.policy.reason'] = decisive.reason(record, strictest);
  }
}
