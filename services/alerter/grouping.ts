import { createHash } from 'node:crypto';
import { levels, type Finding, type Level } from '#flow';

/** Findings of one subject, one service and one rule, which become one alert. Plain data, written to the journal as it is. */
export interface Group {
  /** Digest of subject, service and rule id, 16 hexadecimal digits. */
  readonly key: string;
  readonly subject: string;
  readonly service: string;
  readonly ruleId: string;
  ruleName: string;
  ruleVersion: string;
  /** The highest so far. */
  level: Level;
  /** `violation` as soon as one finding is. */
  verdict: string;
  /** Countries of the peers, sorted; bounded, as are the lists below. */
  countries: string[];
  roles: string[];
  /** `kind mask`. */
  identifiers: string[];
  /** Names of the peers, or addresses of those without a name. */
  destinations: string[];
  /** Distinct findings. */
  count: number;
  /** Packet time of the first and the last finding, µs. */
  firstSeen: number;
  lastSeen: number;
  /** When the probe read the packet of the first finding (wall clock, µs). */
  firstCreated: number;
  /** When the first and the last finding arrived here (wall clock, ms). */
  openedAt: number;
  lastFindingAt: number;
  /** Increases with each finding. */
  revision: number;
  /** Id of the last finding. */
  message: string;
  findingId: string;
  versions: string;
  /** What each receiver has got of this group. */
  deliveries: Record<string, Delivered>;
}

export interface Delivered {
  /** Revision of the group when it was sent. */
  revision: number;
  /** Wall clock, ms. */
  at: number;
  /** `identityOf` the group, when it was sent. */
  identity: string;
  /** False: the alert was dropped, because the receiver rejected it or too many were waiting. */
  accepted: boolean;
}

const listBound = 16;
const textBound = 1000;

/** Key of the group to which a finding belongs. */
export function groupKey(finding: Finding): string {
  return createHash('sha256')
    .update([finding['telltale.subject.ip'], finding['telltale.service'], finding['rule.id']].join('\0'))
    .digest('hex')
    .slice(0, 16);
}

/** A group without findings. `now` in ms. */
export function openGroup(finding: Finding, now: number): Group {
  return {
    key: groupKey(finding), subject: finding['telltale.subject.ip'], service: finding['telltale.service'], ruleId: finding['rule.id'],
    ruleName: '', ruleVersion: '', level: 'informational', verdict: '', countries: [], roles: [], identifiers: [], destinations: [],
    count: 0, firstSeen: finding['@timestamp'], lastSeen: finding['@timestamp'], firstCreated: finding['event.created'] || now * 1000,
    openedAt: now, lastFindingAt: now, revision: 0, message: '', findingId: '', versions: '', deliveries: {},
  };
}

/** Adds a finding to its group. `now` in ms. */
export function addFinding(group: Group, finding: Finding, now: number): void {
  group.count++;
  group.revision++;
  group.lastFindingAt = now;
  group.firstSeen = Math.min(group.firstSeen, finding['@timestamp']);
  group.lastSeen = Math.max(group.lastSeen, finding['@timestamp']);
  group.firstCreated = Math.min(group.firstCreated, finding['event.created'] || group.firstCreated);
  group.ruleName = finding['rule.name'].slice(0, textBound) || finding['rule.id'];
  group.ruleVersion = finding['rule.version'];
  const level = levelOf(finding);
  if (rank(level) > rank(group.level)) group.level = level;
  if (group.verdict !== 'violation') group.verdict = finding['telltale.verdict'];
  group.countries = withItem(group.countries, finding['telltale.peer.located'] || finding['destination.geo.country_iso_code']).toSorted();
  group.roles = withItem(group.roles, finding['telltale.role']);
  group.identifiers = withItem(group.identifiers, `${finding['telltale.observable.kind']} ${finding['telltale.observable.mask']}`.trim());
  group.destinations = withItem(group.destinations, finding['destination.domain'] || finding['telltale.peer.ip'] || finding['destination.ip']);
  group.message = finding.message.slice(0, textBound);
  group.findingId = finding['event.id'];
  group.versions = finding['telltale.versions'];
}

/**
 * Labels of the group's alert. Receivers identify alerts by them, so an unchanged group always has the same ones.
 * Empty ones are left out.
 */
export function labelsOf(group: Group): Record<string, string> {
  const labels = {
    alertname: group.ruleName, severity: group.level, subject: group.subject, service: group.service,
    rule_id: group.ruleId, verdict: group.verdict, country: group.countries.join(','),
  };
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

/** Digest of the labels, 16 hexadecimal digits. It changes with level, verdict and countries: news that must not wait. */
export function identityOf(group: Group): string {
  return createHash('sha256').update(JSON.stringify(labelsOf(group))).digest('hex').slice(0, 16);
}

/** Position in Sigma's order of levels, from 0. */
export function rank(level: Level): number {
  return levels.indexOf(level);
}

/** An unknown level counts as `medium`, so that an error in a rule hides nothing. */
function levelOf(finding: Finding): Level {
  return levels.find((level) => level === finding['event.severity_name']) ?? 'medium';
}

function withItem(list: string[], item: string): string[] {
  const short = item.slice(0, 200);
  return short === '' || list.length >= listBound || list.includes(short) ? list : [...list, short];
}
