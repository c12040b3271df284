import type { FlowRecord, Observable } from '#flow';
import type { Dimension, Rule } from '#rules';
import { peerEndpoint, peerIsSource, subjectAddress } from './detection-endpoints.ts';

/** Observables that a sentence names; the others are counted. */
const namedObservables = 3;

/**
 * The finding as one sentence: who, what, to whom, where that is, and what remains unknown.
 * It is made of masks and of fields that the probe redacted: no identifier can be read in it.
 */
export function findingMessage(rule: Rule, record: FlowRecord, observables: readonly Observable[]): string {
  if (observables.length > 0) return `${disclosure(record, observables)}${earlierInFlow(rule, record, observables)}.`;
  const contact = `${subjectAddress(record)} ${peerIsSource(record) ? 'was contacted by' : 'contacted'} ${peer(record)}`;
  const policy = record['telltale.policy.id'];
  if (record['telltale.policy.verdict'] === 'denied' && rule.outcome.level === 'policy') {
    return `${contact}; denied by policy ${policy} (${record['telltale.policy.reason']}).`;
  }
  if (record['telltale.policy.verdict'] === 'unknown' && rule.outcome.verdict === 'indeterminate') {
    return `${contact}; policy ${policy} cannot be decided, because it is unknown ${unknownAnswers(record['telltale.policy.reason'])}.`;
  }
  return `${contact}: ${rule.title}.`;
}

/** `10.1.2.3 sent user_id 47****8 in clear (udp.payload@12) to qos-america.agoralab.co (Agora, signalling) at …` */
function disclosure(record: FlowRecord, observables: readonly Observable[]): string {
  const named = observables.slice(0, namedObservables).map(({ kind, mask, visibility, path, encoding }) => {
    const readable = visibility === 'cleartext' ? 'in clear' : 'readable to inspection';
    return `${kind} ${mask} ${readable} (${path}${encoding === '' ? '' : `, in ${encoding}`})`;
  });
  if (observables.length > namedObservables) named.push(`${observables.length - namedObservables} more`);
  const sentByPeer = (observables[0]!.sender === 'source') === peerIsSource(record);
  return sentByPeer
    ? `${peer(record)}, sent ${list(named)} to ${subjectAddress(record)}`
    : `${subjectAddress(record)} sent ${list(named)} to ${peer(record)}`;
}

/** A finding about a record or flow may rest on what earlier records of the flow showed. */
function earlierInFlow(rule: Rule, record: FlowRecord, observables: readonly Observable[]): string {
  if (rule.outcome.finding === 'observable') return '';
  const earlier = record['telltale.flow.observable_kinds'].filter((kind) => !observables.some((observable) => observable.kind === kind));
  return earlier.length === 0 ? '' : `; the same flow also showed ${list(earlier)}`;
}

/** `qos-america.agoralab.co (Agora, signalling) at 47.88.10.20:8000, located in US, operated from CN` */
function peer(record: FlowRecord): string {
  const endpoint = peerEndpoint(record);
  const name = record['destination.domain'];
  const service = record['telltale.service'] === '' ? '' : ` (${record['telltale.service']}, ${record['telltale.role']})`;
  const parts = [name === '' ? `${endpoint}${service}` : `${name}${service} at ${endpoint}`];
  if (record['telltale.peer.located'] !== '') parts.push(`located in ${record['telltale.peer.located']}`);
  if (record['telltale.peer.operated'] !== '') parts.push(`operated from ${record['telltale.peer.operated']}`);
  return parts.join(', ');
}

const questions: Record<Dimension, string> = {
  located: 'where the peer is located',
  registered: 'where its network is registered',
  operated: 'from where its network is operated',
};

/** `located=unknown, operated=unknown` in words. */
function unknownAnswers(reason: string): string {
  return list(reason.split(', ').map((part) => questions[part.split('=')[0] as Dimension]));
}

function list(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
