import { identityOf, labelsOf, type Group } from './grouping.ts';
import { activeUntil, type Throttle } from './throttling.ts';

/** A group in the form that receivers get, in the terms of Alertmanager's API v2. */
export interface Alert {
  /** Digest of the labels: the same each time an alert is sent again. */
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** When the probe read the packet of the first finding, RFC 3339. */
  readonly startsAt: string;
  /** When the alert ends unless it is sent again, RFC 3339. */
  readonly endsAt: string;
  /** URL of the review page, or empty. */
  readonly generatorURL: string;
}

/** @param now wall clock, ms. */
export function alertOf(group: Group, throttle: Throttle, reviewUrl: string | undefined, now: number): Alert {
  const link = reviewUrl ? linkTo(reviewUrl, group) : '';
  const texts = {
    summary: `${group.ruleName}: ${group.subject}${group.service ? ` to ${group.service}` : ''}`,
    description: group.message,
    count: String(group.count),
    first_seen: isoTime(group.firstSeen / 1000),
    last_seen: isoTime(group.lastSeen / 1000),
    identifiers: group.identifiers.join(', '),
    destinations: group.destinations.join(', '),
    roles: group.roles.join(', '),
    rule_version: group.ruleVersion,
    versions: group.versions,
    last_finding: group.findingId,
  };
  return {
    fingerprint: identityOf(group),
    labels: labelsOf(group),
    annotations: { ...withoutMarkup(texts), ...(link !== '' && { link }) },
    // A probe whose clock is ahead must not cause an alert that begins after its end, which Alertmanager refuses.
    startsAt: isoTime(Math.min(group.firstCreated / 1000, now)),
    // An alert that is late, because its receiver was down for long, must still be active for a while.
    endsAt: isoTime(Math.max(activeUntil(group, throttle), now + throttle.repeatInterval)),
    generatorURL: link,
  };
}

/** A capture can contain any time; one that no date can express becomes the last one that can. */
function isoTime(millis: number): string {
  return new Date(Math.min(millis, 253_402_300_799_999)).toISOString();
}

/**
 * The texts that are not empty. Names and paths in them come from the traffic, and receivers pass them on to chats, mails and tickets, which
 * interpret markup. Invisible characters become U+FFFD; brackets and backticks that would turn text into a link, a mention or code
 * (Slack's `<!channel>`, Markdown's `[text](address)`) become similar-looking ones.
 */
function withoutMarkup(texts: Readonly<Record<string, string>>): Record<string, string> {
  const told = Object.entries(texts).filter(([, text]) => text !== '');
  const plain = (text: string): string => text.replace(unseen, '\ufffd').replace(/[<>`]/g, (mark) => lookalikes[mark]!).replaceAll('](', '] (');
  return Object.fromEntries(told.map(([name, text]) => [name, plain(text)]));
}

const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const lookalikes: Readonly<Record<string, string>> = { '<': '‹', '>': '›', '`': "'" };

/** The page reads its view from the fragment. */
function linkTo(reviewUrl: string, { subject, ruleId }: Group): string {
  const url = new URL(reviewUrl);
  url.hash = new URLSearchParams({ ...(subject !== '' && { subject }), rule: ruleId }).toString();
  return url.href;
}
