import { identityOf, rank, type Group } from './grouping.ts';
import type { Level } from '#flow';

/** Times in milliseconds. */
export interface Throttle {
  /** How long a group collects findings before its first alert. */
  readonly groupWait: number;
  /** Minimum time between two alerts for one group. */
  readonly repeatInterval: number;
  /** How long a group stays active after its last finding. */
  readonly quietPeriod: number;
}

/** The properties of a receiver on which decisions depend. */
export interface Route {
  readonly name: string;
  readonly minimumLevel: Level;
  /** Most groups that may wait for it. */
  readonly queue: number;
  /** How often an active group is sent again without news, ms; 0 is never. */
  readonly resendInterval: number;
}

/** Whether the receiver has yet to get the latest state of the group. */
export function isPending(group: Group, route: Route): boolean {
  return rank(group.level) >= rank(route.minimumLevel) && (group.deliveries[route.name]?.revision ?? -1) < group.revision;
}

/** When the group is to be sent to the receiver (wall clock, ms); `Infinity`: not, unless something changes. */
export function dueAt(group: Group, route: Route, throttle: Throttle): number {
  if (rank(group.level) < rank(route.minimumLevel)) return Infinity;
  const last = group.deliveries[route.name];
  if (!last) return group.openedAt + throttle.groupWait;
  const resendAt = route.resendInterval > 0 ? last.at + route.resendInterval : Infinity;
  if (last.revision >= group.revision) return last.accepted && resendAt < activeUntil(group, throttle) ? resendAt : Infinity;
  if (!last.accepted || last.identity !== identityOf(group)) return last.at + throttle.groupWait;
  return Math.min(last.at + throttle.repeatInterval, resendAt);
}

/** When the group ends unless another finding arrives (wall clock, ms). */
export function activeUntil(group: Group, { quietPeriod }: Throttle): number {
  return group.lastFindingAt + quietPeriod;
}
