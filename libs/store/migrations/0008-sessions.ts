import type { Migration } from './migration.ts';

/** Which flows belong to one call, and what the attribution to a service rests on. */
export const sessions: Migration = {
  id: 8,
  name: 'sessions',
  statements: [
    `ALTER TABLE flows ADD COLUMN IF NOT EXISTS telltale_attribution LowCardinality(String),
      ADD COLUMN IF NOT EXISTS telltale_session_id String,
      ADD COLUMN IF NOT EXISTS telltale_session_endpoints Array(String)`,
    `ALTER TABLE findings ADD COLUMN IF NOT EXISTS telltale_attribution LowCardinality(String),
      ADD COLUMN IF NOT EXISTS telltale_session_id String`,
  ],
};
