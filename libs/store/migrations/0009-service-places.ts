import type { Migration } from './migration.ts';

/**
 * From where services answered: what is usual, for failovers and first contacts. The hourly rollup knows it too, but tells it only to who reads
 * all of its 800 days; this table has a row per day and place. It is filled by inserts into `flows`, and here once from the rollup. A replay
 * adds nothing to a minimum, so that the view may see the same row any number of times.
 */
export const servicePlaces: Migration = {
  id: 9,
  name: 'service places',
  statements: [
    `CREATE TABLE IF NOT EXISTS service_places (
      day Date32,
      observer_name LowCardinality(String),
      telltale_service LowCardinality(String),
      telltale_role LowCardinality(String),
      telltale_peer_located LowCardinality(String),
      destination_as_number UInt64,
      destination_as_organization_name SimpleAggregateFunction(anyLast, String),
      first SimpleAggregateFunction(min, DateTime('UTC')),
      latest SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
    )
    ENGINE = AggregatingMergeTree
    ORDER BY (observer_name, telltale_service, telltale_role, telltale_peer_located, destination_as_number, day)
    TTL toDateTime(latest) + INTERVAL 800 DAY`,

    `CREATE MATERIALIZED VIEW IF NOT EXISTS service_places_of_flows TO service_places AS ${placesOf('flows', 'ingested_at')}`,
    `INSERT INTO service_places ${placesOf('flows_1h', 'now64(3)')}`,
  ],
};

/** `first`: the hour, as far as its type goes. */
function placesOf(table: string, stored: string): string {
  return `SELECT
      toDate32(timestamp) AS day, observer_name, telltale_service, telltale_role, telltale_peer_located, destination_as_number,
      anyLast(toString(destination_as_organization_name)) AS destination_as_organization_name,
      min(toDateTime(toStartOfHour(timestamp), 'UTC')) AS first, max(${stored}) AS latest
    FROM ${table}
    WHERE telltale_service != '' AND destination_packets > 0
      AND timestamp >= toDateTime(0, 'UTC') AND timestamp < toDateTime(4294967295, 'UTC')
    GROUP BY day, observer_name, telltale_service, telltale_role, telltale_peer_located, destination_as_number`;
}
