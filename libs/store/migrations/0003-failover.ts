import type { Migration } from './migration.ts';

/**
 * What failover and volume are found by: how flows ended, and who was told how many distinct identifiers.
 *
 * `disclosed_identifiers` keeps, per day, the distinct identifiers and subjects as states of uniqExact: a replay adds nothing to a set, so
 * the view may see the same row any number of times. It is filled by inserts into `flows`, and here once from those stored before.
 * `flows_ingested_at` serves scheduled detections, which ask for what was stored since they last ran.
 */
export const failover: Migration = {
  id: 3,
  name: 'failover and volume',
  statements: [
    'ALTER TABLE flows ADD COLUMN IF NOT EXISTS telltale_unanswered_packets UInt64',
    'ALTER TABLE flows ADD COLUMN IF NOT EXISTS telltale_unanswered_duration UInt64',
    'ALTER TABLE flows ADD COLUMN IF NOT EXISTS telltale_flow_end_reason LowCardinality(String)',
    'ALTER TABLE flows ADD INDEX IF NOT EXISTS flows_ingested_at ingested_at TYPE minmax GRANULARITY 1',

    `CREATE TABLE IF NOT EXISTS disclosed_identifiers (
      day Date32,
      telltale_peer_located LowCardinality(String),
      telltale_peer_registered LowCardinality(String),
      telltale_peer_operated LowCardinality(String),
      organization LowCardinality(String),
      kind LowCardinality(String),
      linked Bool,
      identifiers AggregateFunction(uniqExact, String),
      subjects AggregateFunction(uniqExact, String),
      latest SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
    )
    ENGINE = AggregatingMergeTree
    ORDER BY (day, telltale_peer_operated, telltale_peer_registered, telltale_peer_located, organization, kind, linked)
    TTL toDateTime(latest) + INTERVAL 400 DAY`,

    `CREATE MATERIALIZED VIEW IF NOT EXISTS disclosed_identifiers_of_flows TO disclosed_identifiers AS ${ofFlows()}`,
    `INSERT INTO disclosed_identifiers ${ofFlows()}`,
  ],
};

/** `linked`: seen together with an identifier of another kind in the same flow. */
function ofFlows(): string {
  return `SELECT
      toDate32(timestamp) AS day, telltale_peer_located, telltale_peer_registered, telltale_peer_operated,
      if(telltale_peer_operator != '', telltale_peer_operator, destination_as_organization_name) AS organization,
      kind, length(telltale_flow_observable_kinds) > 1 AS linked,
      uniqExactState(token) AS identifiers, uniqExactState(telltale_subject_ip) AS subjects, max(ingested_at) AS latest
    FROM flows
    ARRAY JOIN telltale_observables.kind AS kind, telltale_observables.token AS token
    GROUP BY day, telltale_peer_located, telltale_peer_registered, telltale_peer_operated, organization, kind, linked`;
}
