import type { Migration } from './migration.ts';

/**
 * Matches that correlations count, and how far each scheduled detection has come.
 *
 * `hits` is sorted for its only readers, which ask for one rule over a stretch of time. A hit's time is a function of its id, so a replay
 * lands on its row. `detection_runs` keeps the latest `until` per job: what was stored before it has been seen.
 */
export const hits: Migration = {
  id: 4,
  name: 'hits and detection runs',
  statements: [
    `CREATE TABLE IF NOT EXISTS hits (
      event_id String,
      timestamp DateTime64(6, 'UTC'),
      rule_id LowCardinality(String),
      telltale_flow_id String,
      telltale_record_id String,
      fields Map(LowCardinality(String), String),
      ingested_at DateTime64(3, 'UTC') DEFAULT now64(3),
      INDEX hits_ingested_at ingested_at TYPE minmax GRANULARITY 1
    )
    ENGINE = ReplacingMergeTree(ingested_at)
    PARTITION BY toRelativeMonthNum(timestamp) % 24
    ORDER BY (rule_id, timestamp, event_id)
    TTL toDateTime(ingested_at) + INTERVAL 35 DAY`,

    `CREATE TABLE IF NOT EXISTS detection_runs (
      name String,
      until DateTime64(6, 'UTC'),
      finished_at DateTime64(3, 'UTC') DEFAULT now64(3)
    )
    ENGINE = ReplacingMergeTree(until)
    ORDER BY name`,
  ],
};
