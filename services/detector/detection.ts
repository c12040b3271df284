import { createFinding, findingId, type Finding, type FlowRecord, type Hit, type Level, type Observable } from '#flow';
import { AnycastObserver, BoundedCache, distanceLimit, type Geography, type Place, type Position, type ServiceCatalogue } from '#geo';
import { dataClassOf } from '#identifiers';
import { ExceptionSet, HitPlan, Inventory, type Denial, type PolicySet, type Rule, type RulePack, type RulePlan } from '#rules';
import { ThirdPartyCandidates } from './detection-candidates.ts';
import { hopsOf, hopText, isJudged, isPlaced, pathOf, type PlacedHop } from './detection-hops.ts';
import { PeerAnswer } from './detection-peer.ts';
import { peerIsSource } from './detection-endpoints.ts';
import { findingMessage } from './detection-message.ts';
import { isSignalling, Sessions } from './detection-sessions.ts';
import type { LinkHistory } from './link-history.ts';
import { levelOfScore, Linkability, riskScore, type Link } from './linkability.ts';

export interface DetectionParts {
  geography: Geography;
  catalogue: ServiceCatalogue;
  policies: PolicySet;
  rules: RulePlan;
  /** Exceptions, whose hits are not reported as findings; none by default. */
  exceptions?: ExceptionSet;
  /** Hits that correlations count; none by default. */
  hits?: HitPlan;
  /** Versions of all of these, to be put on findings. */
  versions: string;
  /** Tags of the monitored endpoints. */
  inventory?: Inventory;
  /** Positions of probes, by name; only round-trip times measured by these bound a distance. */
  positions?: ReadonlyMap<string, Position>;
  /** Countries of probes, by name, which are also assumed for the private addresses that they see. */
  sites?: ReadonlyMap<string, string>;
  /** Flows remembered for rules that report once per flow; a detection holds at most twice this number. */
  rememberedFlows?: number;
}

/**
 * Enriches flow records in place and applies rules and policies to them. Deterministic: the same records in the same order
 * give the same findings with the same ids, even if a batch is passed in again after a failed write.
 */
export class Detection {
  #geography: Geography;
  readonly #catalogue: ServiceCatalogue;
  readonly #policies: PolicySet;
  /** Hits suppressed by an exception, by its title. */
  readonly counters = { suppressed: new Map<string, number>() };
  #rules: RulePlan;
  #exceptions: ExceptionSet;
  #hitPlan: HitPlan;
  #versions: string;
  readonly #inventory: Inventory;
  readonly #positions: ReadonlyMap<string, Position>;
  readonly #sites: ReadonlyMap<string, string>;
  readonly #candidates = new ThirdPartyCandidates();
  readonly #observer = new AnycastObserver();
  readonly #peer = new PeerAnswer();
  /** For rules that report once per flow: the record that did, by rule, flow and denied place. A replay of that very record reports again. */
  readonly #reported: BoundedCache<string>;
  readonly #linkability: Linkability;
  readonly #sessions: Sessions;
  #record!: FlowRecord;
  #link: Link | undefined;
  /** Places of the record that policies deny. */
  #denials: readonly Denial[] = [];
  #findings: Finding[] = [];
  /** Rule and token of findings that other findings of the record cover. */
  readonly #covered = new Set<string>();
  #hits: Hit[] = [];

  constructor({
    geography,
    catalogue,
    policies,
    rules,
    exceptions = ExceptionSet.none,
    hits = HitPlan.none,
    versions,
    inventory = Inventory.empty,
    positions = new Map(),
    sites = new Map(),
    rememberedFlows = 65_536,
  }: DetectionParts) {
    this.#geography = geography;
    this.#catalogue = catalogue;
    this.#policies = policies;
    this.#rules = rules;
    this.#exceptions = exceptions;
    this.#hitPlan = hits;
    this.#versions = versions;
    this.#inventory = inventory;
    this.#positions = positions;
    this.#sites = sites;
    this.#reported = new BoundedCache(rememberedFlows);
    this.#linkability = new Linkability(rememberedFlows);
    this.#sessions = new Sessions(rememberedFlows);
  }

  /** Replaces the rules from the next batch on. */
  use({ plan, hits }: Pick<RulePack, 'plan' | 'hits'>, exceptions: ExceptionSet, versions: string): void {
    this.#rules = plan;
    this.#hitPlan = hits;
    this.#exceptions = exceptions;
    this.#versions = versions;
  }

  /** Replaces the geo tables; the records of the next call are looked up in the new ones. */
  replaceGeography(geography: Geography, versions: string): void {
    this.#geography = geography;
    this.#versions = versions;
  }

  /** Makes links between identifiers include what preceded these records, if this process has not seen it. */
  recall(history: LinkHistory, records: readonly FlowRecord[]): Promise<void> {
    return history.recall(records, this.#linkability, this.#rules.rules.filter(({ outcome }) => outcome.finding === 'link').map(({ id }) => id));
  }

  /** The hits for correlations in the records of the last call of {@link detect}. */
  get hits(): readonly Hit[] {
    return this.#hits;
  }

  /** Fills the detector's fields of the records and returns the findings in the order of the records. */
  detect(records: readonly FlowRecord[]): Finding[] {
    this.#findings = [];
    this.#hits = [];
    for (const record of records) {
      this.#enrich(record);
      this.#record = record;
      const before = this.#findings.length;
      this.#rules.evaluate(record, this.#onMatch);
      if (this.#covered.size > 0) this.#leaveOutCovered(before);
    }
    return this.#findings;
  }

  #leaveOutCovered(before: number): void {
    const findings = this.#findings.splice(before);
    for (const finding of findings)
      if (!this.#covered.has(`${finding['rule.id']} ${finding['telltale.observable.token']}`)) this.#findings.push(finding);
    this.#covered.clear();
  }

  #enrich(record: FlowRecord): void {
    const source = this.#geography.lookup(record['source.ip']);
    const destination = this.#geography.lookup(record['destination.ip']);
    record['source.geo.country_iso_code'] = source.located;
    record['source.as.number'] = source.asn;
    record['source.as.organization.name'] = source.organisation;
    record['destination.geo.country_iso_code'] = destination.located;
    record['destination.as.number'] = destination.asn;
    record['destination.as.organization.name'] = destination.organisation;

    const tags = this.#inventory.tagsOf(record['telltale.subject.ip'], record['telltale.subject.mac']);
    record['telltale.subject.tags'] = tags;
    record['telltale.subject.located'] = this.#subjectLocated(record, tags, peerIsSource(record) ? destination : source);
    this.#judge(record, peerIsSource(record) ? source : destination);
  }

  /** No table locates a private address: its location is that of its network in the inventory, or of the probe that sees it. */
  #subjectLocated(record: FlowRecord, tags: readonly string[], place: Place): string {
    const tagged = tags.length === 0 ? undefined : tags.find((tag) => countryTag.test(tag))?.slice(-2);
    return tagged ?? (place.scope === 'local' ? this.#sites.get(record['observer.name']) ?? '' : place.located);
  }

  #judge(record: FlowRecord, place: Place): void {
    const session = this.#sessions.join(record);
    let match = this.#catalogue.match(record);
    if (session !== undefined && isSignalling(record)) session.service ??= match;
    else if (match === undefined && session?.service !== undefined && record['destination.domain'] === '')
      match = { service: session.service.service, role: 'media', evidence: 'session' };
    record['telltale.service'] = match?.service.name ?? '';
    record['telltale.role'] = match?.role ?? '';
    record['telltale.attribution'] = match?.evidence ?? '';
    this.#candidates.learn(record);
    const domain = record['destination.domain'];
    const peer = this.#peer;
    peer.start(place);
    if (domain !== '') {
      peer.claimSite(this.#catalogue.siteOf(domain));
      peer.overrideOperator(this.#geography.operatorOfDomain(domain));
    }
    // The round-trip time is between the probe and whoever answered the handshake, which is the flow's destination.
    const position = record['telltale.handshake.rtt'] === 0 || peerIsSource(record) ? undefined : this.#positions.get(record['observer.name']);
    if (position !== undefined) peer.bound(position, record['telltale.handshake.rtt']);
    if (this.#positions.size > 1) peer.observeAnycast(this.#observeAnycast(record, position));
    peer.locate(this.#geography.cityIn(peer.located, record['telltale.peer.ip']), position);
    peer.fill(record);

    const hops = hopsOf(record, this.#geography);
    record['telltale.hops'] = hops.length === 0 ? noTexts : hops.filter(isPlaced).map(hopText);
    record['telltale.path'] = pathOf(record, hops, session);
    this.#link = this.#linkability.link(record, place.scope === 'local');
    record['telltale.linkability.score'] = this.#link?.score ?? 0;
    record['telltale.linked.kinds'] = this.#link?.observables.map(({ kind }) => kind) ?? noTexts;
    // An address that never leaves the monitored network crosses no border.
    this.#denials = this.#policies.decide(record, place.scope === 'local' ? undefined : peer, hops.length === 0 ? noHops : hops.filter(isJudged));
  }

  #observeAnycast(record: FlowRecord, position: Position | undefined): string {
    const peer = record['telltale.peer.ip'];
    return position === undefined
      ? this.#observer.proofOf(peer)
      : this.#observer.observe(peer, record['observer.name'], position, distanceLimit(record['telltale.handshake.rtt']));
  }

  /** One closure, reused for all records. */
  readonly #onMatch = (rule: Rule, matched: readonly Observable[]): void => {
    const record = this.#record;
    const observables = this.#exceptions.size === 0 ? matched : this.#withoutExceptions(rule, matched);
    if (observables === undefined) return;
    switch (rule.outcome.finding) {
      case 'observable':
        for (let i = 0; i < observables.length; i += 1) {
          if (!repeated(observables, i)) this.#add(rule, record, record['event.id'], [observables[i]!]);
        }
        break;
      case 'record':
        this.#add(rule, record, record['event.id'], secretsFirst(observables));
        break;
      case 'link':
        if (this.#link !== undefined) this.#addLink(rule, record, this.#link);
        break;
      case 'flow':
        if (rule.outcome.level === 'policy' && this.#denials.length > 0)
          for (const denial of this.#denials) this.#addOncePerFlow(rule, record, observables, denial);
        else this.#addOncePerFlow(rule, record, observables);
    }
  };

  /** The observables that no exception covers; undefined if nothing is left to report. */
  #withoutExceptions(rule: Rule, matched: readonly Observable[]): readonly Observable[] | undefined {
    if (matched.length === 0) return this.#suppressed(rule, undefined) ? undefined : matched;
    const left = matched.filter((observable) => !this.#suppressed(rule, observable));
    return left.length > 0 ? left : undefined;
  }

  #suppressed(rule: Rule, observable: Observable | undefined): boolean {
    const exception = this.#exceptions.find(rule, this.#record, observable);
    if (exception) this.counters.suppressed.set(exception.title, (this.counters.suppressed.get(exception.title) ?? 0) + 1);
    return exception !== undefined;
  }

  /**
   * The id is a function of rule, flow and denied place, and the time is that of the flow's start, so that a later record of the flow gives
   * the same finding if this process does not remember the first (after a restart, or if the flow moved here from another detector).
   */
  #addOncePerFlow(rule: Rule, record: FlowRecord, observables: readonly Observable[], denial?: Denial): void {
    const flow = record['telltale.flow.id'] || record['event.id'];
    const key = `${rule.id} ${flow} ${denial?.place ?? ''}`;
    const reporter = this.#reported.get(key);
    if (reporter !== undefined && reporter !== record['event.id']) return;
    this.#reported.set(key, record['event.id']);
    this.#add(rule, record, flow, observables, record['event.start'] || record['@timestamp'], denial);
  }

  /** If an exception covers one of the linked identifiers, the others are not a link. */
  #addLink(rule: Rule, record: FlowRecord, { observables }: Link): void {
    const left = this.#exceptions.size === 0 ? observables : this.#withoutExceptions(rule, observables);
    if (left?.length === observables.length) this.#add(rule, record, record['event.id'], observables);
  }

  #add(rule: Rule, record: FlowRecord, origin: string, observables: readonly Observable[], time = record['@timestamp'], denial?: Denial): void {
    const [observable, ...related] = observables;
    // A finding about one observable is identified by it, one about a denied hop by the hop, and one about a record or flow by that alone.
    const identity = rule.outcome.finding === 'observable' ? observable : undefined;
    const id = findingId(rule.id, origin, identity?.token ?? '', identity?.path ?? denial?.place ?? '');
    if (this.#hitPlan.counts(rule.id)) {
      this.#hits.push(this.#hitPlan.hitOf({ rule: rule.id, record, observable, id, time }));
      if (this.#hitPlan.isSilent(rule.id)) return;
    }
    const finding = createFinding(record);
    finding['event.id'] = id;
    finding['@timestamp'] = time;
    finding['rule.id'] = rule.id;
    finding['rule.name'] = rule.title;
    finding['rule.version'] = rule.version;
    if (denial !== undefined) {
      finding['telltale.policy.id'] = denial.policy.id;
      finding['telltale.policy.reason'] = denial.reason;
    }
    const level = this.#level(rule, finding['telltale.policy.id'], record);
    finding['event.severity_name'] = level;
    finding['event.risk_score'] = riskScore(level, observables);
    finding['telltale.verdict'] = rule.outcome.verdict;
    finding['telltale.versions'] = this.#versions;
    if (observable !== undefined) {
      finding['telltale.observable.kind'] = observable.kind;
      finding['telltale.observable.path'] = observable.path;
      finding['telltale.observable.encoding'] = observable.encoding;
      finding['telltale.observable.mask'] = observable.mask;
      finding['telltale.observable.token'] = observable.token;
      finding['telltale.observable.confidence'] = observable.confidence;
      finding['telltale.observable.watchlist'] = observable.watchlist;
      finding['telltale.observables.related'] = related.map(({ kind, token }) => `${kind}=${token}`);
      if (observable.frame !== 0) finding['telltale.evidence.frame'] = lastFrame(observables);
    }
    for (const id of rule.outcome.covers) {
      this.#covered.add(`${id} `);
      for (const { token } of observables) this.#covered.add(`${id} ${token}`);
    }
    finding['message'] = findingMessage(rule, record, observables, {
      placeOf: this.#placeOf,
      tablesOf: this.#geography.tablesOf,
      candidates: record['telltale.role'] === 'third-party' ? this.#candidates.around(record) : undefined,
      policy: finding['telltale.policy.id'],
      reason: finding['telltale.policy.reason'],
    });
    this.#findings.push(finding);
  }

  /** The tables' answer for a hop: an address, or a network. */
  readonly #placeOf = (ip: string): Place => this.#geography.lookup(ip.replace(/\/.*/, ''));

  #level(rule: Rule, policy: string, record: FlowRecord): Level {
    if (rule.outcome.level === 'linkability') return levelOfScore(record['telltale.linkability.score']);
    return rule.outcome.level === 'policy' ? this.#policies.get(policy)?.level ?? rule.level : rule.level;
  }
}

const noTexts: string[] = [];
const noHops: readonly PlacedHop[] = [];

/**
 * The inventory's tag for the location of a network or host. Its `residency` is something else: the country whose law applies to the person,
 * wherever they are.
 */
const countryTag = /^country=[A-Z]{2}$/;

/** The packet that completes the evidence. */
function lastFrame(observables: readonly Observable[]): number {
  let frame = 0;
  for (const observable of observables) frame = Math.max(frame, observable.frame);
  return frame;
}

/** In a login, the password is what the finding is about, before the name. */
function secretsFirst(observables: readonly Observable[]): readonly Observable[] {
  return observables.length < 2 ? observables : observables.toSorted((a, b) => Number(isSecret(b)) - Number(isSecret(a)));
}

function isSecret({ kind }: Observable): boolean {
  return dataClassOf(kind) === 'secret';
}

/** Whether an earlier observable is the same value at the same place. */
function repeated(observables: readonly Observable[], at: number): boolean {
  const { token, path } = observables[at]!;
  for (let i = 0; i < at; i += 1) if (observables[i]!.token === token && observables[i]!.path === path) return true;
  return false;
}
