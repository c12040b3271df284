import { levels, type FlowRecord } from '#flow';
import { strictness, type Hop, type JudgedPlace, type Policy, type PolicyVerdict } from './policy-judgement.ts';

/** A place that policies deny, with the one that decided: that of the highest level, or the first of these. */
export interface Denial {
  /** Address of the hop; `''` for the peer. */
  readonly place: string;
  readonly policy: Policy;
  /** `located=CN, operated=CN`; for a hop `turn-relay 192.0.2.1: located=CN`. */
  readonly reason: string;
}

const noHops: readonly Hop[] = [];
const noDenials: readonly Denial[] = Object.freeze([]);
const undecided: readonly string[] = Object.freeze([]);

/** The policies in use. The strictest verdict decides; among equals the higher level, then the order given. */
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

  /**
   * Fills `telltale.policy.*` of a record whose service and peer are known; leaves it empty when no policy applies. `peer` is undefined
   * when policies judge only the hops, not the peer itself. Returns each denied place once.
   */
  decide(record: FlowRecord, peer: JudgedPlace | undefined, hops: readonly Hop[] = noHops): readonly Denial[] {
    record['telltale.policy.id'] = '';
    record['telltale.policy.verdict'] = '';
    record['telltale.policy.reason'] = '';
    record['telltale.policy.decisions'] = undecided;
    if (record['telltale.service'] === '' || (peer === undefined && hops.length === 0)) return noDenials;
    let decisive: Policy | undefined;
    let strictest: PolicyVerdict = 'allowed';
    const decisions: string[] = [];
    let denials = noDenials;
    for (const policy of this.policies) {
      if (policy.obstacle(record) !== '') continue;
      const time = record['@timestamp'];
      const verdict = strictestVerdict(policy, peer, hops, time);
      const reason = reasonOf(policy, verdict, peer, hops, time);
      decisions.push(`${policy.id}@${policy.version} ${verdict} ${reason}`);
      if (verdict === 'denied')
        denials = [...denials, ...denialsBy(policy, peer, hops, time).filter(({ place }) => !denials.some((earlier) => earlier.place === place))];
      if (decisive !== undefined && strictness[verdict] <= strictness[strictest]) continue;
      decisive = policy;
      strictest = verdict;
      record['telltale.policy.id'] = policy.id;
      record['telltale.policy.verdict'] = verdict;
      record['telltale.policy.reason'] = reason;
    }
    if (decisive !== undefined) record['telltale.policy.decisions'] = decisions;
    return denials;
  }
}

function strictestVerdict(policy: Policy, peer: JudgedPlace | undefined, hops: readonly Hop[], time: number): PolicyVerdict {
  let strictest: PolicyVerdict = peer === undefined ? 'allowed' : policy.verdict(peer, time);
  for (const hop of hops) {
    const verdict = policy.verdict(hop, time);
    if (strictness[verdict] > strictness[strictest]) strictest = verdict;
  }
  return strictest;
}

/** `located=CN, turn-relay 192.0.2.1: located=CN, operated=CN` */
function reasonOf(policy: Policy, verdict: PolicyVerdict, peer: JudgedPlace | undefined, hops: readonly Hop[], time: number): string {
  const reasons = peer !== undefined && policy.verdict(peer, time) === verdict ? [policy.reason(peer, verdict, time)] : [];
  for (const hop of hops) if (policy.verdict(hop, time) === verdict) reasons.push(hopReason(policy, verdict, hop, time));
  return reasons.join('; ');
}

function hopReason(policy: Policy, verdict: PolicyVerdict, hop: Hop, time: number): string {
  return `${hop.kind} ${hop.ip}: ${policy.reason(hop, verdict, time)}`;
}

function denialsBy(policy: Policy, peer: JudgedPlace | undefined, hops: readonly Hop[], time: number): Denial[] {
  const denials: Denial[] = [];
  if (peer !== undefined && policy.verdict(peer, time) === 'denied') denials.push({ place: '', policy, reason: policy.reason(peer, 'denied', time) });
  for (const hop of hops)
    if (policy.verdict(hop, time) === 'denied') denials.push({ place: hop.ip, policy, reason: hopReason(policy, 'denied', hop, time) });
  return denials;
}
