import type { Migration } from './migration.ts';

/** What a message of SIP or STUN is. */
export const signalling: Migration = {
  id: 6,
  name: 'signalling',
  statements: [
    `ALTER TABLE flows ADD COLUMN IF NOT EXISTS telltale_sip_method LowCardinality(String),
      ADD COLUMN IF NOT EXISTS telltale_sip_status_code UInt64,
      ADD COLUMN IF NOT EXISTS telltale_stun_type LowCardinality(String)`,
  ],
};
