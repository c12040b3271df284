import type { FlowRecord } from '#flow';
import type { AddressScope, Geography } from '#geo';
import type { Hop } from '#rules';

/** A hop with what tells whether it lies outside the monitored network. */
export interface PlacedHop extends Hop {
  readonly scope: AddressScope;
}

const none: readonly PlacedHop[] = Object.freeze([]);

/** Addresses that stand in the session's own messages, further down its path than the peer. The subject and the peer are no hops. */
export function hopsOf(record: FlowRecord, geography: Geography): readonly PlacedHop[] {
  const relayed = record['telltale.stun.relayed_ip'];
  const peers = record['telltale.stun.peer_ip'];
  if (relayed === '' && peers.length === 0) return none;
  const hops: PlacedHop[] = [];
  const add = (kind: string, ip: string): void => {
    if (ip === '' || ip === record['source.ip'] || ip === record['destination.ip'] || hops.some((hop) => hop.ip === ip)) return;
    hops.push(placedHop(kind, ip, geography));
  };
  add('turn-relay', relayed);
  for (const ip of peers) add('turn-peer', ip);
  return hops;
}

export function placedHop(kind: string, ip: string, geography: Geography): PlacedHop {
  const { scope, located, registered, operated, disputed, registeredDisputed } = geography.lookup(ip);
  return { kind, ip, scope, located, registered, operated, disputed, registeredDisputed };
}

/** `turn-relay=192.0.2.1/CN/?`: kind, address, located, operated; `local` for an address that never leaves the monitored network. */
export function hopText({ kind, ip, scope, located, operated }: PlacedHop): string {
  return scope === 'local' ? `${kind}=${ip}/local` : `${kind}=${ip}/${located || '?'}/${operated || '?'}`;
}
