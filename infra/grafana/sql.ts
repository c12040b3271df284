/** Pieces of SQL that panels share. Macros (`$__…`) are those of the ClickHouse data source; see macros.ts. */

/** Findings in the time range that the dashboard's variables select. FINAL: a replayed finding counts once. */
export const selectedFindings = `FROM findings FINAL
WHERE $__timeFilter(\${clock:raw})
  AND ${chosen(named('telltale_service'), 'service')}
  AND ${chosen('telltale_subject_ip', 'subject')}
  AND ${chosen('event_severity_name', 'level')}`;

/** Start of the bar or point that a finding belongs to. */
export const bucket = '$__timeInterval(${clock:raw})';

const trafficCells = `network_transport, network_protocol, telltale_encryption_verdict, telltale_service, telltale_role, telltale_peer_located,
    telltale_peer_registered, telltale_peer_operated, destination_as_organization_name, telltale_policy_verdict`;

/**
 * Traffic in the time range that the dashboard's variables select, with `time`, `records`, `flows` and `bytes` of both directions.
 *
 * By time of the packets it comes from the rollup per minute; by time of storing, which a rollup does not know, from the records.
 * The condition of the other branch is false before anything is read.
 */
export const selectedTraffic = `FROM (
  SELECT timestamp AS time, ${trafficCells}, records, flows, source_bytes + destination_bytes AS bytes
  FROM flows_1m
  WHERE '\${clock:raw}' = 'timestamp' AND $__timeFilter(timestamp)
  UNION ALL
  SELECT ingested_at, ${trafficCells}, 1, telltale_flow_sequence = 0, source_bytes + destination_bytes
  FROM flows FINAL
  WHERE '\${clock:raw}' = 'ingested_at' AND $__timeFilter(ingested_at)
)
WHERE ${chosen(named('telltale_service'), 'service')}`;

/** The same for a choice of countries in which the peer is located. */
export const selectedCountries = `${selectedTraffic}
  AND ${chosen(named('telltale_peer_located'), 'country')}`;

/** Condition for the variable's choice; true when nothing is chosen. */
export function chosen(column: string, variable: string): string {
  return `$__conditionalAll(${column} IN (\${${variable}:singlequote}), $${variable})`;
}

/** Text for people, with an empty string as unknown. The values of variables are compared with it. */
export function named(column: string, unknown = '(unknown)'): string {
  return `if(${column} = '', '${unknown}', ${column})`;
}

/**
 * Country with its flag, `🇨🇳 CN`. A flag is two regional indicators, U+1F1E6 for A to U+1F1FF for Z,
 * which in UTF-8 differ in their last byte only.
 */
export function flag(column: string): string {
  const indicator = (position: number) => `char(240, 159, 135, 101 + ascii(substring(${column}, ${position}, 1)))`;
  return `if(${column} = '', '(unknown)', concat(${indicator(1)}, ${indicator(2)}, ' ', ${column}))`;
}

/** Number of different monitored endpoints; findings over several of them, as of correlations, name none. */
export const subjects = "uniqExactIf(telltale_subject_ip, telltale_subject_ip != '')";

/** Levels as a number for sorting and colour, informational = 1 to critical = 5. */
export const levelRank = "indexOf(['informational', 'low', 'medium', 'high', 'critical'], event_severity_name)";

/** Columns of a list of findings; the settings of `findingColumns` belong to them. */
export const findingCells = `timestamp AS "Seen", event_severity_name AS "Level", event_risk_score AS "Risk", message AS "Finding", event_id AS id`;

/** Share of findings with an unknown answer that the rule needs. */
export const undecidedShare = "if(count() = 0, 0, countIf(telltale_verdict = 'indeterminate') / count()) AS share";

/** At most `length` distinct values of `expression`, as one readable text. */
export function listed(expression: string, length = 5): string {
  return `arrayStringConcat(arraySort(groupUniqArrayIf(${length})(${expression}, ${expression} != '')), ', ')`;
}
