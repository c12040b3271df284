import type { Migration } from './migration.ts';

/** Places on a session's path, the city of its peer, and what tells subjects and meetings apart. */
export const paths: Migration = {
  id: 2,
  name: 'paths, cities and media streams',
  statements: [
    `ALTER TABLE flows
      ADD COLUMN IF NOT EXISTS telltale_flow_hops Array(String),
      ADD COLUMN IF NOT EXISTS telltale_subject_mac String,
      ADD COLUMN IF NOT EXISTS telltale_rtp_ssrc UInt64,
      ADD COLUMN IF NOT EXISTS telltale_rtp_medium LowCardinality(String),
      ADD COLUMN IF NOT EXISTS telltale_path Array(String),
      ADD COLUMN IF NOT EXISTS telltale_peer_city LowCardinality(String),
      ADD COLUMN IF NOT EXISTS telltale_peer_position LowCardinality(String),
      ADD COLUMN IF NOT EXISTS telltale_peer_registered_disputed Array(String)`,
    `ALTER TABLE findings
      ADD COLUMN IF NOT EXISTS telltale_path Array(String),
      ADD COLUMN IF NOT EXISTS telltale_peer_city LowCardinality(String),
      ADD COLUMN IF NOT EXISTS telltale_peer_position LowCardinality(String),
      ADD COLUMN IF NOT EXISTS telltale_peer_registered_disputed Array(String)`,
  ],
};
