import type { Migration } from './migration.ts';

export const inferenceAndLinkability: Migration = {
  id: 7,
  name: 'inference and linkability',
  statements: [
    'ALTER TABLE flows ADD COLUMN IF NOT EXISTS telltale_inference Array(String)',
    'ALTER TABLE flows ADD COLUMN IF NOT EXISTS telltale_subject_located LowCardinality(String)',
    'ALTER TABLE flows ADD COLUMN IF NOT EXISTS telltale_linkability_score UInt64',
    'ALTER TABLE flows ADD COLUMN IF NOT EXISTS telltale_linked_kinds Array(String)',
    'ALTER TABLE findings ADD COLUMN IF NOT EXISTS telltale_inference Array(String)',
    'ALTER TABLE findings ADD COLUMN IF NOT EXISTS telltale_linkability_score UInt64',
    'ALTER TABLE findings ADD COLUMN IF NOT EXISTS telltale_linked_kinds Array(String)',
    'ALTER TABLE findings ADD COLUMN IF NOT EXISTS event_risk_score UInt64',
  ],
};
