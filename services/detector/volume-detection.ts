import { findingId, type Finding } from '#flow';
import type { Threshold } from '#rules';
import { storedFrom } from './detection-times.ts';
import { scheduledFinding } from './scheduled-finding.ts';
import { pageSql, pagesOf } from './query-pages.ts';
import type { ScheduledDetection } from './scheduled-detections.ts';

export interface VolumeOptions {
  intervalMillis: number;
  /** Version of the file of thresholds. */
  version: string;
  versions: string;
}

/**
 * A threshold as a detection over the daily sets of disclosed identifiers: the distinct values sent to one operator within the days that end
 * with a day on which something was stored since the last run. Reported once per operator and calendar month, from which the id derives.
 *
 * It counts identifiers and endpoints, not persons; the message says so.
 */
export function volumeDetection(threshold: Threshold, { intervalMillis, version, versions }: VolumeOptions): ScheduledDetection {
  return {
    name: `threshold ${threshold.id}`, title: threshold.title, intervalMillis,
    async *detect(query, { since, now }) {
      const inForce = threshold.members.filter(({ from, to }) => from <= now && now <= to).map(({ country }) => country);
      const parameters = {
        since: storedFrom(since), kinds: threshold.kinds, countries: [...new Set(inForce)],
        days: threshold.days, more_than: String(threshold.moreThan),
      };
      for await (const rows of pagesOf<VolumeRow>(query, volumeSql(threshold), parameters))
        yield rows.map((row) => findingOf(threshold, row, version, versions));
    },
  };
}


interface VolumeRow {
  organization: string;
  month: string;
  reached_on: string;
  amount: string;
  countries: string[];
  kinds: string[];
  stored: number;
}

function findingOf(
  { id, title, level, jurisdictions, count, moreThan, days }: Threshold,
  row: VolumeRow,
  version: string,
  versions: string,
): Finding {
  const { organization, month, reached_on: reached, amount, countries, kinds, stored } = row;
  const name = organization === '' ? 'operators that no table names' : organization;
  const counted = count === 'subjects' ? 'endpoints' : 'identifiers';
  return scheduledFinding({
    rule: { id, title, version },
    id: findingId(id, organization, month, ''),
    time: Date.parse(`${month}T00:00:00Z`) * 1000,
    created: stored,
    level,
    verdict: 'violation',
    versions,
    flow: {
      'telltale.peer.operator': organization,
      'destination.as.organization.name': organization,
      ...(countries.length === 1 && { 'telltale.peer.operated': countries[0]! }),
    },
    message: `${Number(amount).toLocaleString('en')} distinct ${counted} (${kinds.join(', ')}) were told to ${name} (${countries.join(', ')}) `
      + `in the ${days} days up to ${reached}: more than ${moreThan.toLocaleString('en')}, for ${jurisdictions.join(', ')}. `
      + `Counted are ${counted}, of which a person can have several; whose they are is not known here.`,
  });
}

/** Per operator and month, the first day on which the days up to it exceed the threshold. */
function volumeSql({ dimensions, linked, count }: Threshold): string {
  const columns = dimensions.map((dimension) => `telltale_peer_${dimension}`);
  const isMember = columns.map((column) => `${column} IN {countries:Array(String)}`).join(' OR ');
  const countriesOf = columns.map((column) => `groupUniqArrayIf(12)(${column}, ${column} IN {countries:Array(String)})`).join(', ');
  const conditions = ['kind IN {kinds:Array(String)}', `(${isMember})`, ...(linked ? ['linked'] : [])].join(' AND ');
  return `WITH
  touched AS (
    SELECT organization, day AS reached, max(latest) AS stored FROM disclosed_identifiers
    WHERE ${conditions} AND latest >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    GROUP BY organization, reached
  )
SELECT organization, toString(toStartOfMonth(touched.reached)) AS month, toString(touched.reached) AS reached_on,
  toString(uniqExactMerge(${count})) AS amount,
  arraySort(arrayDistinct(arrayConcat(${countriesOf}))) AS countries, arraySort(groupUniqArray(kind)) AS kinds,
  toUnixTimestamp64Milli(any(touched.stored)) * 1000 AS stored
FROM touched INNER JOIN disclosed_identifiers AS told USING (organization)
WHERE ${conditions} AND told.day <= touched.reached AND told.day > touched.reached - {days:UInt32}
GROUP BY organization, touched.reached
HAVING uniqExactMerge(${count}) > {more_than:UInt64}
ORDER BY organization, touched.reached LIMIT 1 BY organization, month ${pageSql}`;
}
