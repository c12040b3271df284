import type { FlowRecord, Level } from '#flow';
import type { CidrSet, Dimension } from '#geo';
import type { Membership } from './jurisdictions.ts';

export type PolicyVerdict = 'allowed' | 'unknown' | 'denied';

/** Least strict first. */
export const strictness: Record<PolicyVerdict, number> = { allowed: 0, unknown: 1, denied: 2 };

/** A place as policies judge it; `''` is unknown. */
export interface JudgedPlace {
  readonly located: string;
  readonly registered: string;
  readonly operated: string;
  /** Countries that other sources name instead of `located`. */
  readonly disputed: readonly string[];
  /** Countries that other sources name instead of `registered`. */
  readonly registeredDisputed: readonly string[];
}

/** A further address that was seen inside the session. */
export interface Hop extends JudgedPlace {
  /** What it does: `turn-relay`, `turn-peer`. */
  readonly kind: string;
  readonly ip: string;
}

/** Countries of a list, each with the times and conditions under which it is a member. */
export type Members = ReadonlyMap<string, readonly Membership[]>;

/** What the policy says about one dimension. */
export interface DimensionRule {
  readonly dimension: Dimension;
  readonly denied: Members;
  /** Undefined: what is not denied is allowed. */
  readonly allowed: Members | undefined;
  readonly unknown: PolicyVerdict;
}

/** For whom, for what and when a policy holds; undefined: for all. */
export interface PolicyScope {
  /** µs, both included. */
  readonly from: number;
  readonly to: number;
  readonly subjects: CidrSet | undefined;
  readonly exempt: CidrSet | undefined;
  /** Tokens of hardware addresses. With {@link subjects} as well, matching either is enough. */
  readonly macs: ReadonlySet<string> | undefined;
  /** Sets of tags such as `department=legal`; the subject must have one of each set. */
  readonly tags: readonly (ReadonlySet<string>)[];
  /** In lower case. */
  readonly services: ReadonlySet<string> | undefined;
  readonly roles: ReadonlySet<string> | undefined;
  /** Kinds of identifiers; one of them must have been seen in the flow. */
  readonly kinds: ReadonlySet<string> | undefined;
}

/** Says for a record of a service whether its peer, and the hops behind it, may be where they are. */
export class Policy {
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly level: Level;
  readonly #scope: PolicyScope;
  readonly #rules: readonly DimensionRule[];

  constructor(
    { id, version, title, level }: { id: string; version: string; title: string; level: Level },
    scope: PolicyScope,
    rules: readonly DimensionRule[],
  ) {
    this.id = id;
    this.version = version;
    this.title = title;
    this.level = level;
    this.#scope = scope;
    this.#rules = rules;
  }

  /** Why the policy says nothing about the record: the first of its conditions that is not met; `''` when it applies. */
  obstacle(record: FlowRecord): '' | 'no service' | 'time' | 'service' | 'role' | 'subject' | 'tags' | 'identifiers' {
    const { from, to, subjects, exempt, macs, tags, services, roles, kinds } = this.#scope;
    const service = record['telltale.service'];
    const time = record['@timestamp'];
    if (service === '') return 'no service';
    if (time < from || time > to) return 'time';
    if (services !== undefined && !services.has(service) && !services.has(service.toLowerCase())) return 'service';
    if (roles !== undefined && !roles.has(record['telltale.role'])) return 'role';
    const subject = record['telltale.subject.ip'];
    const isNamed =
      (subjects === undefined && macs === undefined) || (subjects?.has(subject) ?? false) || (macs?.has(record['telltale.subject.mac']) ?? false);
    if (!isNamed || (exempt !== undefined && exempt.has(subject))) return 'subject';
    for (const choice of tags) if (!holdsAny(choice, record['telltale.subject.tags'])) return 'tags';
    return kinds === undefined || holdsAny(kinds, record['telltale.flow.observable_kinds']) ? '' : 'identifiers';
  }

  /** The strictest answer of any dimension at the time (µs): denied before unknown before allowed. */
  verdict(place: JudgedPlace, time: number): PolicyVerdict {
    let strictest: PolicyVerdict = 'allowed';
    for (const rule of this.#rules) {
      const verdict = judge(rule, place, time);
      if (strictness[verdict] > strictness[strictest]) strictest = verdict;
    }
    return strictest;
  }

  /** Dimensions and countries that the verdict rests on: `located=CN, operated=CN`, `located=JP disputed by CN`, `located=US if certified`. */
  reason(place: JudgedPlace, verdict: PolicyVerdict, time: number): string {
    return this.#rules.filter((rule) => judge(rule, place, time) === verdict).map((rule) => grounds(rule, place, time)).join(', ');
  }
}

function holdsAny(set: ReadonlySet<string>, items: readonly string[]): boolean {
  for (const item of items) if (set.has(item)) return true;
  return false;
}

/**
 * The verdict on one dimension. The policy's `unknown` applies to an absent answer, to a conditional membership, and to an allowed country
 * where another source names one that is not allowed.
 */
function judge(rule: DimensionRule, place: JudgedPlace, time: number): PolicyVerdict {
  const country = place[rule.dimension];
  if (country === '') return rule.unknown;
  const verdict = judgeCountry(rule, country, time);
  return verdict === 'allowed' && disputants(rule, place, time).length > 0 ? rule.unknown : verdict;
}

function judgeCountry(rule: DimensionRule, country: string, time: number): PolicyVerdict {
  if (membershipAt(rule.denied, country, time) !== undefined) return 'denied';
  if (rule.allowed === undefined) return 'allowed';
  const membership = membershipAt(rule.allowed, country, time);
  if (membership === undefined) return 'denied';
  return membership.condition === '' ? 'allowed' : rule.unknown;
}

const none: readonly string[] = [];

/** Countries named by other sources that the policy would not allow. */
function disputants(rule: DimensionRule, place: JudgedPlace, time: number): readonly string[] {
  const others = rule.dimension === 'located' ? place.disputed : rule.dimension === 'registered' ? place.registeredDisputed : none;
  return others.length === 0 ? none : others.filter((country) => judgeCountry(rule, country, time) === 'denied');
}

/** The membership that holds at the time; an unconditional one takes precedence over a conditional one. */
function membershipAt(members: Members, country: string, time: number): Membership | undefined {
  const memberships = members.get(country);
  if (memberships === undefined) return undefined;
  let conditional: Membership | undefined;
  for (const membership of memberships) {
    if (time < membership.from || time > membership.to) continue;
    if (membership.condition === '') return membership;
    conditional ??= membership;
  }
  return conditional;
}

function grounds(rule: DimensionRule, place: JudgedPlace, time: number): string {
  const country = place[rule.dimension];
  const answer = `${rule.dimension}=${country || 'unknown'}`;
  if (country === '' || membershipAt(rule.denied, country, time) !== undefined) return answer;
  const condition = rule.allowed && membershipAt(rule.allowed, country, time)?.condition;
  if (condition) return `${answer} if ${condition}`;
  const disputed = judgeCountry(rule, country, time) === 'allowed' ? disputants(rule, place, time) : none;
  return disputed.length === 0 ? answer : `${answer} disputed by ${disputed.join(' and ')}`;
}
