import type { Finding } from '#flow';
import { addFinding, groupKey, openGroup, type Delivered, type Group } from './grouping.ts';
import { activeUntil, dueAt, isPending, type Route, type Throttle } from './throttling.ts';

/** The bound because of which an alert was dropped. */
export type DropReason = 'queue_full' | 'evicted';

export interface GroupsOptions extends Throttle {
  readonly maxGroups: number;
  readonly rememberedFindings: number;
  readonly routes: readonly Route[];
  /** An alert is dropped, for `reason`. */
  readonly onDrop: (route: Route, group: Group, reason: DropReason) => void;
}

export class GroupsCounts {
  findings = 0;
  duplicates = 0;
  groupsOpened = 0;
  groupsEnded = 0;
  groupsEvicted = 0;
}

/** All of the state, or the changed part. This is the form of a journal entry; a later entry replaces an earlier one of the same group. */
export interface StateEntry {
  readonly groups: readonly Group[];
  readonly ended: readonly string[];
  /** Ids of findings that are counted in the groups. */
  readonly findings: readonly string[];
}

/** Keys of what has changed since the last write. */
export interface Changes {
  readonly groups: Set<string>;
  readonly ended: Set<string>;
  readonly findings: Set<string>;
}

/** All groups, and what each receiver has yet to get. Bounded, without input or output. Times are wall clock, in ms. */
export class Groups {
  readonly counts = new GroupsCounts();
  readonly #options: GroupsOptions;
  /** Least recently changed first. */
  readonly #groups = new Map<string, Group>();
  /** By receiver: keys of the groups that wait for it, the longest waiting first. */
  readonly #pending: Map<string, Set<string>>;
  /** Ids of the latest findings, oldest first. */
  readonly #remembered = new Set<string>();
  #changes = noChanges();

  constructor(options: GroupsOptions) {
    this.#options = options;
    this.#pending = new Map(options.routes.map(({ name }) => [name, new Set<string>()]));
  }

  get size(): number {
    return this.#groups.size;
  }

  pendingFor(receiver: string): number {
    return this.#pending.get(receiver)?.size ?? 0;
  }

  [Symbol.iterator](): IterableIterator<Group> {
    return this.#groups.values();
  }

  /** Counts a finding in its group, once however often it arrives. */
  add(finding: Finding, now: number): void {
    const id = finding['event.id'];
    if (this.#remembered.has(id)) {
      this.counts.duplicates++;
      return;
    }
    this.#remember(id);
    this.#changes.findings.add(id);
    this.counts.findings++;

    const key = groupKey(finding);
    let group = this.#groups.get(key);
    if (!group) {
      group = openGroup(finding, now);
      this.counts.groupsOpened++;
      if (this.#groups.size >= this.#options.maxGroups) this.#evict();
    }
    addFinding(group, finding, now);
    this.#groups.delete(key);
    this.#groups.set(key, group);
    this.#changed(group);
  }

  /** At most `limit` groups to send to the receiver now: those with news first, and of these the longest waiting first. */
  due(route: Route, now: number, limit: number): Group[] {
    const due: Group[] = [];
    const waiting = this.#pending.get(route.name) ?? new Set();
    for (const key of waiting) {
      if (due.length >= limit) return due;
      const group = this.#groups.get(key);
      if (group && dueAt(group, route, this.#options) <= now) due.push(group);
    }
    if (route.resendInterval === 0) return due;
    for (const group of this.#groups.values()) {
      if (due.length >= limit) break;
      if (!waiting.has(group.key) && dueAt(group, route, this.#options) <= now) due.push(group);
    }
    return due;
  }

  /** The receiver has got the group as it was then, or has rejected it: that no longer waits. */
  settle(route: Route, group: Group, delivered: Delivered): void {
    // The group was evicted while the alert was in flight; another one may have been opened under the same key.
    if (this.#groups.get(group.key) !== group) return;
    group.deliveries[route.name] = delivered;
    if (!isPending(group, route)) this.#pending.get(route.name)?.delete(group.key);
    this.#changes.groups.add(group.key);
  }

  /** Forgets groups without findings in the quiet period for which no receiver waits. */
  endQuiet(now: number): void {
    for (const group of this.#groups.values()) {
      if (activeUntil(group, this.#options) > now || this.#isAwaited(group)) continue;
      this.#remove(group);
      this.counts.groupsEnded++;
    }
  }

  /** Returns what has changed since the last call. */
  takeChanges(): Changes {
    const changes = this.#changes;
    this.#changes = noChanges();
    return changes;
  }

  /** Puts back changes that could not be written. */
  putBack(changes: Changes): void {
    for (const part of ['groups', 'ended', 'findings'] as const) for (const name of changes[part]) this.#changes[part].add(name);
  }

  /** The journal entry with these changes. */
  entryOf(changes: Changes): StateEntry {
    const groups = [...changes.groups].map((key) => this.#groups.get(key)).filter((group) => group !== undefined);
    const ended = [...changes.ended].filter((key) => !this.#groups.has(key));
    return { groups, ended, findings: [...changes.findings] };
  }

  /** The whole state as journal entries, none of them large. */
  *entries(): Generator<StateEntry> {
    const findings = [...this.#remembered];
    for (let start = 0; start < findings.length; start += 1000) yield { groups: [], ended: [], findings: findings.slice(start, start + 1000) };
    const groups = [...this.#groups.values()];
    for (let start = 0; start < groups.length; start += 100) yield { groups: groups.slice(start, start + 100), ended: [], findings: [] };
  }

  /** Restores an entry of the journal; entries come in the order in which they were written. */
  restore({ groups, ended, findings }: StateEntry): void {
    for (const id of findings) this.#remember(id);
    for (const key of ended) {
      const group = this.#groups.get(key);
      if (group) this.#remove(group);
    }
    for (const group of groups) {
      this.#groups.delete(group.key);
      if (this.#groups.size >= this.#options.maxGroups) this.#evict();
      this.#groups.set(group.key, group);
      for (const pending of this.#pending.values()) pending.delete(group.key);
      this.#enqueue(group);
    }
    this.#changes = noChanges();
  }

  #changed(group: Group): void {
    this.#changes.groups.add(group.key);
    this.#changes.ended.delete(group.key);
    this.#enqueue(group);
  }

  #enqueue(group: Group): void {
    for (const route of this.#options.routes) {
      const pending = this.#pending.get(route.name);
      if (!pending || !isPending(group, route)) continue;
      pending.add(group.key);
      if (pending.size > route.queue) this.#dropOldest(route, pending);
    }
  }

  #dropOldest(route: Route, pending: Set<string>): void {
    const [key = ''] = pending;
    pending.delete(key);
    const group = this.#groups.get(key);
    if (!group) return;
    // The group waits again after its next finding.
    group.deliveries[route.name] = { revision: group.revision, at: group.lastFindingAt, identity: '', accepted: false };
    this.#changes.groups.add(key);
    this.#options.onDrop(route, group, 'queue_full');
  }

  /** Makes room: evicts the oldest group that no receiver waits for, among the 100 oldest; else the oldest. */
  #evict(): void {
    let oldest: Group | undefined;
    let looked = 0;
    for (const group of this.#groups.values()) {
      oldest ??= group;
      if (!this.#isAwaited(group)) {
        oldest = group;
        break;
      }
      if (++looked >= 100) break;
    }
    if (!oldest) return;
    for (const route of this.#options.routes) if (isPending(oldest, route)) this.#options.onDrop(route, oldest, 'evicted');
    this.#remove(oldest);
    this.counts.groupsEvicted++;
  }

  #isAwaited(group: Group): boolean {
    return this.#options.routes.some((route) => isPending(group, route));
  }

  #remove(group: Group): void {
    this.#groups.delete(group.key);
    for (const pending of this.#pending.values()) pending.delete(group.key);
    this.#changes.groups.delete(group.key);
    this.#changes.ended.add(group.key);
  }

  #remember(id: string): void {
    this.#remembered.add(id);
    if (this.#remembered.size <= this.#options.rememberedFindings) return;
    const [oldest = ''] = this.#remembered;
    this.#remembered.delete(oldest);
  }
}

function noChanges(): Changes {
  return { groups: new Set(), ended: new Set(), findings: new Set() };
}
