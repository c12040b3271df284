import { identityOf, rank, type Group } from './grouping.ts';
import type { Level } from '#flow';

/** Times in milliseconds. */
export interface Throttle {
  /** How long a group collects findings before its first alert. */
  readonly groupWait: number;
  /** Least time between two alerts of one group. */
  readonly repeatInterval: number;
  /** A group is active for so long after its last finding. */
  readonly quietPeriod: number;
}

/** What deciding about a receiver needs to know of it. */
export interface Route {
  readonly name: string;
  readonly minimumLevel: Level;
  /** Groups that may wait for it. */
  readonly queue: number;
  /** How often an active group is sent again without news, ms; 0 is never. */
  readonly resendInterval: number;
}

/** The receiver has not got what the group now says. */
export function isPending(group: Group, route: Route): boolean {
  return rank(group.level) >= rank(route.minimumLevel) && (group.deliveries[route.name]?.revision ?? -1) < group.revision;
}

/** When the group is to be sent to the receiver (wall clock, ms); `Infinity`: not, as things stand. */
export function dueAt(group: Group, route: Route, throttle: Throttle): number {
  if (rank(group.level) < rank(route.minimumLevel)) return Infinity;
  const last = group.deliveries[route.name];
  if (!last) return group.openedAt + throttle.groupWait;
  const resendAt = route.resendInterval > 0 ? last.at + route.resendInterval : Infinity;
  if (last.revision >= group.revision) return last.accepted && resendAt < activeUntil(group, throttle) ? resendAt : Infinity;
  if (!last.accepted || last.identity !== identityOf(group)) return last.at + throttle.groupWait;
  return Math.min(last.at + throttle.repeatInterval, resendAt);
}

/** When the group ends, unless a further finding arrives (wall clock, ms). */
export function activeUntil(group: Group, { quietPeriod }: Throttle): number {
  return group.lastFindingAt + quietPeriod;
}
