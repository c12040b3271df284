import type { FlowRecord, Observable } from '#flow';
import type { Dimension, Place } from '#geo';
import { dataClassOf, type DataClass } from '#identifiers';
import type { Expression, Rule } from '#rules';
import { peerEndpoint, peerIsSource, subjectAddress } from './detection-endpoints.ts';

/** Most observables, and places, that a sentence names; the others are counted. */
const namedObservables = 3;
const namedHops = 3;

/** What a sentence needs besides the record. */
export interface MessageFacts {
  /** The tables' answer for a hop. */
  placeOf: (ip: string) => Place;
  /** The tables that were consulted for each dimension, with their dates. */
  tablesOf: Readonly<Record<Dimension, string>>;
  /** For a contact with a third party: services that the subject used at about that time. */
  candidates: readonly string[] | undefined;
  /** The policy that decided, and why: for the record, or for the one place that the finding is about. */
  policy: string;
  reason: string;
}

/**
 * The finding as one sentence: who sent what to whom, where that is, and what remains unknown.
 * It consists of masks and of fields that the probe redacted, so no identifier can be read in it.
 */
export function findingMessage(rule: Rule, record: FlowRecord, observables: readonly Observable[], facts: MessageFacts): string {
  const { candidates, policy, reason } = facts;
  if (rule.outcome.finding === 'link') return `${disclosed(record, observables)}; ${linkage(observables)} visible together to anyone on the path.`;
  if (observables.length > 0) return `${disclosure(record, observables)}${earlierInFlow(rule, record, observables)}.`;
  if (record['telltale.policy.verdict'] === 'denied' && rule.outcome.level === 'policy') {
    return `${contact(record, !/(?:^|; )located=/.test(reason), false)}; denied by ${policyName(policy, record)} `
      + `(${withSources(reason, record, facts)})${remainingDoubt(record)}.`;
  }
  if (record['telltale.policy.verdict'] === 'unknown' && rule.outcome.verdict === 'indeterminate') {
    return `${contact(record)}; ${policyName(policy, record)} cannot be decided, because it is unknown ${unknownAnswers(reason, record, facts)}.`;
  }
  if (candidates !== undefined) return `${contact(record)}; ${appBehind(candidates)}.`;
  return `${contact(record)}: ${rule.title}${readsHops(rule.expression) ? hopsNamed(record['telltale.flow.hops']) : protocolNamed(record)}.`;
}

/** Fields with the addresses that the session's messages name. */
const hopFields: ReadonlySet<string> = new Set(['telltale.hops', 'telltale.flow.hops', 'telltale.session.ip', 'telltale.stun.peer_ip']);

function readsHops(expression: Expression): boolean {
  switch (expression.type) {
    case 'and': case 'or': return expression.operands.some(readsHops);
    case 'not': case 'search': return readsHops(expression.operand);
    case 'field': return hopFields.has(expression.field.name);
    case 'keyword': case 'unknown': return false;
  }
}

/** ` (sip-contact 192.168.1.0/24)` */
function hopsNamed(hops: readonly string[]): string {
  if (hops.length === 0) return '';
  const more = hops.length > namedHops ? [`${hops.length - namedHops} more`] : [];
  return ` (${list([...hops.slice(0, namedHops).map((hop) => hop.replace('=', ' ')), ...more])})`;
}

/** ` (http)`: the protocol; nothing if it is unknown. */
function protocolNamed(record: FlowRecord): string {
  const protocol = record['network.protocol'];
  return protocol === '' || protocol === record['network.transport'] ? '' : ` (${protocol})`;
}

/** The subject and the peer, with the tables behind the peer's place and operator unless the rest of the sentence names them. */
function contact(record: FlowRecord, isLocationSourced = true, isOperatorSourced = true): string {
  const located = record['telltale.subject.located'];
  const known = [...(located === '' ? [] : [`in ${located}`]), ...record['telltale.subject.tags']];
  const who = `${subjectAddress(record)}${known.length === 0 ? '' : ` (${known.join(', ')})`}`;
  return `${who} ${peerIsSource(record) ? 'was contacted by' : 'contacted'} ${peer(record, isLocationSourced, isOperatorSourced)}${call(record)}`;
}

/** `, in a call signalled over 192.0.2.1`, for the media of a call. */
function call(record: FlowRecord): string {
  const signalling = record['telltale.path'].find((segment) => segment.startsWith('signalling|'))?.split('|')[1];
  return record['telltale.session.id'] === '' || signalling === undefined || signalling === record['telltale.peer.ip']
    ? ''
    : `, in a call signalled over ${signalling}`;
}

/** Which app reports to a third party: no more than the evidence supports. */
function appBehind(candidates: readonly string[]): string {
  return `which app did so is uncertain${candidates.length === 0 ? '' : ` (candidates: ${list(candidates)}, used within a minute)`}`;
}

/** `10.1.2.3 sent user_id 47****8 in clear (udp.payload@12) to qos-america.agoralab.co (Agora, signalling) at …` */
function disclosure(record: FlowRecord, observables: readonly Observable[]): string {
  const named = naming(observables);
  const sentByPeer = (observables[0]!.sender === 'source') === peerIsSource(record);
  return sentByPeer
    ? `${peer(record)}${isPlaced(record) ? ',' : ''} sent ${list(named)} to ${subjectAddress(record)}`
    : `${subjectAddress(record)} sent ${list(named)} to ${peer(record)}`;
}

/** The record's own identifiers, and those of earlier records with which they are linked. */
function disclosed(record: FlowRecord, observables: readonly Observable[]): string {
  const own = observables.filter((observable) => record['telltale.observables'].includes(observable));
  const earlier = observables.filter((observable) => !own.includes(observable));
  return `${disclosure(record, own)}${earlier.length === 0 ? '' : `, and shortly before ${list(naming(earlier))}`}`;
}

function naming(observables: readonly Observable[]): string[] {
  const named = observables.slice(0, namedObservables).map(({ kind, mask, visibility, path, encoding, watchlist }) => {
    const readable = visibility === 'cleartext' ? 'in clear' : 'readable to inspection';
    return `${kind} ${mask}${watchlist === '' ? '' : ` of the watchlist ${watchlist}`} ${readable} `
      + `(${path}${encoding === '' ? '' : `, ${encoding}`})`;
  });
  if (observables.length > namedObservables) named.push(`${observables.length - namedObservables} more`);
  return named;
}

const classNames: Readonly<Record<DataClass, string>> = {
  account: 'user', direct: 'person', person: 'person', device: 'device', room: 'room', location: 'location', session: 'session', secret: 'secret',
};

/** `user and room` */
function linkage(observables: readonly Observable[]): string {
  return list([...new Set(observables.map(({ kind }) => classNames[dataClassOf(kind) ?? 'account']))]);
}

/** A finding about a record or flow may be based on earlier records of the flow. */
function earlierInFlow(rule: Rule, record: FlowRecord, observables: readonly Observable[]): string {
  if (rule.outcome.finding === 'observable') return '';
  const earlier = record['telltale.flow.observable_kinds'].filter((kind) => !observables.some((observable) => observable.kind === kind));
  return earlier.length === 0 ? '' : `; the same flow also showed ${list(earlier)}`;
}

/**
 * `qos-america.agoralab.co (Agora, signalling) at 47.88.10.20:8000, located in US, operated from CN`; sourced: `located in US by dbip-city
 * 2026-06-05, …`
 */
function peer(record: FlowRecord, isLocationSourced = false, isOperatorSourced = false): string {
  const endpoint = peerEndpoint(record);
  const name = record['destination.domain'];
  const parts = [name === '' ? `${endpoint}${service(record)}` : `${name}${service(record)} at ${endpoint}`, ...location(record, isLocationSourced)];
  const operated = record['telltale.peer.operated'];
  const located = `located in ${operated}`;
  if (operated !== '' && isOperatorSourced) parts.push(`operated from ${operated}${byTable(record, `operated=${operated}`)}`);
  else if (operated !== '' && parts.at(-1) === located) parts.splice(-1, 1, `located in and operated from ${operated}`);
  else if (operated !== '') parts.push(`operated from ${operated}`);
  return parts.join(', ');
}

/** Whether {@link peer} says more than the peer's name. */
function isPlaced(record: FlowRecord): boolean {
  return record['telltale.peer.operated'] !== '' || location(record, false).length > 0;
}

/** ` (Zoom, media)`; anything but its name that identified it is added (` (Zoom, media by range 144.195.0.0/16 of 2026-06-18)`). */
function service(record: FlowRecord): string {
  if (record['telltale.service'] === '') return '';
  const attribution = record['telltale.attribution'];
  const by = attribution === 'name' || attribution === '' ? '' : attribution === 'session' ? " by its call's signalling" : ` by ${attribution}`;
  return ` (${record['telltale.service']}, ${record['telltale.role']}${by})`;
}

/** ` by dbip-city 2026-06-05`: the table behind an answer about the peer. */
function byTable(record: FlowRecord, answer: string): string {
  return record['telltale.peer.sources'].find((source) => source.startsWith(`${answer} by `))?.slice(answer.length) ?? '';
}

/** `located in NL (its name says DE Frankfurt)`, `anycast (8.8.8.0/24) and so at no single place` */
function location(record: FlowRecord, isSourced: boolean): string[] {
  const located = record['telltale.peer.located'];
  const disproved = record['telltale.peer.disproved'];
  const parts: string[] = [];
  if (located !== '') {
    const site = record['telltale.peer.site'];
    const bySite = site !== '' && !site.startsWith(`${located} `) ? site : '';
    const byTables = record['telltale.peer.disputed'].filter((country) => !bySite.startsWith(`${country} `));
    const doubts = [...(bySite === '' ? [] : [`its name says ${bySite}`]), ...(byTables.length === 0 ? [] : [`other tables say ${list(byTables)}`])];
    parts.push(
      `located in ${located}${isSourced ? byTable(record, `located=${located}`) : ''}${doubts.length === 0 ? '' : ` (${doubts.join('; ')})`}`,
    );
  }
  if (record['telltale.peer.unlocated'] === 'anycast') parts.push(`anycast (${record['telltale.peer.anycast']}) and so at no single place`);
  if (disproved.length > 0)
    parts.push(
      `not in ${disproved.join(' or ')} as tables say, since it answered from within ${record['telltale.peer.distance_limit']} km of the probe`,
    );
  return parts;
}

/** `policy conferencing version 1` */
function policyName(id: string, record: FlowRecord): string {
  const decision = record['telltale.policy.decisions'].find((one) => one.startsWith(`${id}@`));
  return decision === undefined ? `policy ${id}` : `policy ${id} version ${decision.slice(id.length + 1, decision.indexOf(' '))}`;
}

/** The reason, each answer about the peer with the table it comes from: `operated=CN by operators 2026-11-22, inferred`. */
function withSources(reason: string, record: FlowRecord, { placeOf }: MessageFacts): string {
  return reason.split('; ').map((part) => {
    const [, hop, ip, answers] = /^(?:(\S+) (\S+): )?(.*)$/.exec(part)!;
    const sources = ip === undefined ? record['telltale.peer.sources'] : placeOf(ip).sources;
    const sourced = splitAnswers(answers!).map((answer) => sources.find((source) => source.startsWith(`${answer} by `)) ?? answer).join('; ');
    return ip === undefined ? sourced : `${hop} ${ip}: ${sourced}`;
  }).join('; ');
}

/** What a denial leaves open: it is based on another answer, and what is behind a relay, a media server or a proxy cannot be seen. */
function remainingDoubt(record: FlowRecord): string {
  const doubts: string[] = [];
  if (record['telltale.peer.located'] === '' && record['telltale.peer.unlocated'] !== 'local')
    doubts.push(`where the peer is located remains unknown (${record['telltale.peer.unlocated']})`);
  const unseen = record['telltale.path'].at(-1);
  if (unseen?.startsWith('unobservable|'))
    doubts.push(`where the session goes ${unseen.slice(unseen.lastIndexOf('|') + 1)} cannot be seen from here`);
  return doubts.map((doubt) => `; ${doubt}`).join('');
}

const questions: Record<Dimension, string> = {
  located: 'where X is located',
  registered: 'where the network of X is registered',
  operated: 'from where the network of X is operated',
};

/** The facts about a peer or hop that the answer to an open question needs. */
interface Asked {
  readonly name: string;
  readonly unlocated: string;
  readonly anycast: string;
}

/** `located=unknown, operated=unknown; turn-relay 192.0.2.1: located=JP disputed by CN` in words. */
function unknownAnswers(reason: string, record: FlowRecord, { placeOf, tablesOf }: MessageFacts): string {
  return list(reason.split('; ').flatMap((part) => {
    const [, hop, ip, answers] = /^(?:(\S+) (\S+): )?(.*)$/.exec(part)!;
    const asked = ip === undefined ? askedPeer(record) : askedHop(`${hop} ${ip}`, placeOf(ip));
    return splitAnswers(answers!).map((answer) => unknownAnswer(answer, asked, tablesOf));
  }));
}

function askedPeer(record: FlowRecord): Asked {
  const side = peerIsSource(record) ? 'source' : 'destination';
  return {
    name: `the peer${network(record[`${side}.as.number`], record[`${side}.as.organization.name`])}`,
    unlocated: record['telltale.peer.unlocated'],
    anycast: record['telltale.peer.anycast'],
  };
}

function askedHop(name: string, { asn, organisation, unlocated, anycast }: Place): Asked {
  return { name: `${name}${network(asn, organisation)}`, unlocated, anycast };
}

/** ` (AS60893 Art of Automation B.V.)` */
function network(asn: number, organisation: string): string {
  return asn === 0 ? '' : ` (AS${asn} ${organisation})`;
}

function unknownAnswer(answer: string, { name, unlocated, anycast }: Asked, tablesOf: MessageFacts['tablesOf']): string {
  const told = /^(\w+)=(\w+)(?: (if|disputed by) (.*))?$/.exec(answer) as unknown as [string, Dimension, string, string?, string?] | null;
  if (told === null) return answer;
  const [, dimension, country, how, what] = told;
  if (how === 'if') return `whether ${what}`;
  const question = questions[dimension].replace('X', name);
  if (how !== undefined) return `${question} (${country}, disputed by ${what})`;
  return `${question} (${dimension === 'located' ? whyUnlocated(unlocated, anycast, tablesOf.located) : `no answer in ${tablesOf[dimension]}`})`;
}

function whyUnlocated(unlocated: string, anycast: string, tables: string): string {
  if (unlocated === 'anycast') return `anycast: ${anycast}`;
  if (unlocated === 'disproved') return 'what the tables say is too far away for the round trip';
  return unlocated === 'reserved' ? 'a special range' : `no answer in ${tables}`;
}

function splitAnswers(answers: string): string[] {
  return answers.split(/, (?=(?:located|registered|operated)=)/);
}

function list(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
