import type { FlowRecord } from '#flow';
import type { AddressScope, Geography } from '#geo';
import type { Hop } from '#rules';
import { isSignalling, type Session } from './detection-sessions.ts';

/** A hop, and whether it is outside the monitored network. */
export interface PlacedHop extends Hop {
  readonly scope: AddressScope;
  readonly anycast: boolean;
  /** It is where the user is, not where the service routes the session: no policy is asked about it. */
  readonly isClient: boolean;
}

/** A place on the path that is known only by name, or by an address. */
export type PathHop = PlacedHop | { readonly kind: string; readonly name: string };

/** Roles on the path by kind of hop; a kind that is not listed is a participant's own device. */
const roleOfKind: Readonly<Record<string, string>> = {
  'turn-relay': 'relay', 'ice-relay': 'relay', 'turn-peer': 'behind-relay',
  'sip-via': 'proxy', 'sip-record-route': 'proxy', 'sip-route': 'proxy', 'forwarded-proxy': 'proxy', 'sdp-media': 'media',
  'socks-target': 'target', 'connect-target': 'target', 'http-redirect': 'redirection', 'dns-cname': 'alias',
  'gtp-node': 'tunnel', 'tunnel-source': 'tunnel', 'tunnel-destination': 'tunnel',
  'forwarded-client': 'client', 'gtp-subscriber': 'client',
};

const none: readonly PathHop[] = Object.freeze([]);

/** Whether a text is an address, or a network such as `198.51.100.0/24`, rather than a name. */
const isAddress = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f.]*:[\da-f:.]*)(?:\/\d+)?$/;

/**
 * Places named in the session's own messages, and the ends of a tunnel around it, in the order in which they were seen. The subject and the
 * peer are not hops.
 */
export function hopsOf(record: FlowRecord, geography: Geography): readonly PathHop[] {
  const told = record['telltale.flow.hops'];
  const outerSource = record['telltale.tunnel.source_ip'];
  const relayed = record['telltale.stun.relayed_ip'];
  const relayedTo = record['telltale.stun.peer_ip'];
  if (told.length === 0 && outerSource === '' && relayed === '' && relayedTo.length === 0) return none;
  const hops: PathHop[] = [];
  const seen = new Set<string>([record['source.ip'], record['destination.ip'], '']);
  const add = (kind: string, host: string): void => {
    if (seen.has(host)) return;
    seen.add(host);
    hops.push(isAddress.test(host) ? placedHop(kind, host, geography) : { kind, name: host });
  };
  add('tunnel-source', outerSource);
  add('tunnel-destination', record['telltale.tunnel.destination_ip']);
  for (const text of told) {
    const equals = text.indexOf('=');
    add(text.slice(0, equals), text.slice(equals + 1));
  }
  add('turn-relay', relayed);
  for (const ip of relayedTo) add('turn-peer', ip);
  return hops;
}

export function isPlaced(hop: PathHop): hop is PlacedHop {
  return 'ip' in hop;
}

/** `ip` is an address, or a network, which is looked up by its first address. */
export function placedHop(kind: string, ip: string, geography: Geography): PlacedHop {
  const { scope, located, registered, operated, disputed, registeredDisputed, anycast } = geography.lookup(ip.replace(/\/.*/, ''));
  return {
    kind,
    ip,
    scope,
    located,
    registered,
    operated,
    disputed,
    registeredDisputed,
    anycast: anycast !== '',
    isClient: roleOfKind[kind] === 'client',
  };
}

/** Whether a policy is asked about the hop: an address that never leaves the monitored network crosses no border. */
export function isJudged(hop: PathHop): hop is PlacedHop {
  return isPlaced(hop) && hop.scope !== 'local' && !hop.isClient;
}

/** `turn-relay=192.0.2.1/CN/?`: kind, address, located, operated; `local` for an address that never leaves the monitored network. */
export function hopText({ kind, ip, scope, located, operated }: PlacedHop): string {
  return scope === 'local' ? `${kind}=${ip}/local` : `${kind}=${ip}/${located || '?'}/${operated || '?'}`;
}

/** Domains of the host names that content networks assign to their customers, according to their own CNAME documentation. */
const contentNetworks =
  /(?:^|\.)(?:cloudfront\.net|akamai(?:edge|hd|zed)?\.net|edge(?:key|suite)\.net|fastly\.net|fastlylb\.net|cdn\.cloudflare\.net|azureedge\.net|azurefd\.net|cdngslb\.com|kunlun\w*\.com|alikunlun\.com|cdn\.dnsv1\.com|wscdns\.com|lxdns\.com|cdn77\.org|b-cdn\.net)$/;

const unknown = '?';

const direct: string[] = [];

/**
 * The path as in `telltale.path`: from the subject through tunnel and peer to the farthest place, and what cannot be observed beyond it; for a
 * session, from its signalling to where its media go. Empty if it consists only of subject and peer.
 */
export function pathOf(record: FlowRecord, hops: readonly PathHop[], session: Session | undefined): string[] {
  const why = unobservable(record, hops);
  if (hops.length === 0 && why === '' && session === undefined) return direct;
  const peer = record['telltale.peer.ip'];
  const place =
    record['telltale.peer.unlocated'] === 'anycast'
      ? 'anycast'
      : record['telltale.peer.unlocated'] === 'local'
        ? 'local'
        : record['telltale.peer.located'];
  const leg = [segment(roleOfPeer(record, hops, session), peer, place, record['telltale.peer.registered'], record['telltale.peer.operated'], 'flow')];
  for (const hop of hops) if (roleOfKind[hop.kind] !== 'tunnel') leg.push(hopSegment(hop));
  const segments = session === undefined ? leg : session.path(record['telltale.flow.id'], leg, isSignalling(record));
  if (segments.length === 1 && hops.length === 0 && why === '') return direct;
  const path = [segment('subject', record['telltale.subject.ip'], 'local', '', '', 'flow')];
  for (const hop of hops) if (roleOfKind[hop.kind] === 'tunnel') path.push(hopSegment(hop));
  path.push(...segments);
  if (why !== '') path.push(segment('unobservable', '', '', '', '', why));
  return path;
}

/** The role according to the catalogue, else according to what the flow does in its session. */
function roleOfPeer(record: FlowRecord, hops: readonly PathHop[], session: Session | undefined): string {
  if (record['telltale.role'] !== '') return record['telltale.role'];
  if (session === undefined) return 'peer';
  if (isSignalling(record)) return 'signalling';
  return hops.some(({ kind }) => kind === 'turn-relay') ? 'relay' : 'media';
}

function hopSegment(hop: PathHop): string {
  const role = roleOfKind[hop.kind] ?? 'participant';
  if (!isPlaced(hop)) return segment(role, hop.name, '', '', '', hop.kind);
  return segment(role, hop.ip, hop.scope === 'local' ? 'local' : hop.anycast ? 'anycast' : hop.located, hop.registered, hop.operated, hop.kind);
}

function segment(role: string, host: string, located: string, registered: string, operated: string, how: string): string {
  return `${role}|${host || unknown}|${located || unknown}|${registered || unknown}|${operated || unknown}|${how}`;
}

/** Why it cannot be seen from here where the session continues; '' if the peer may be its end. */
function unobservable(record: FlowRecord, hops: readonly PathHop[]): string {
  if (hops.length > 0) {
    const has = (role: string): boolean => hops.some(({ kind }) => roleOfKind[kind] === role);
    if (has('relay') || has('behind-relay')) return 'behind the relay';
    if (has('target')) return 'behind the proxy';
  }
  if (record['telltale.role'] === 'media') return 'behind the media server';
  if (record['telltale.peer.unlocated'] === 'anycast') return 'behind the anycast edge';
  if (hops.length === 0) return '';
  return hops.some((hop) => !isPlaced(hop) && hop.kind === 'dns-cname' && contentNetworks.test(hop.name)) ? 'behind the content network' : '';
}
