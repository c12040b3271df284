import type { Migration } from './migration.ts';

/** The watchlist that holds an identifier. */
export const watchlists: Migration = {
  id: 5,
  name: 'watchlists',
  statements: [
    'ALTER TABLE flows ADD COLUMN IF NOT EXISTS telltale_observables.watchlist Array(LowCardinality(String))',
    'ALTER TABLE findings ADD COLUMN IF NOT EXISTS telltale_observable_watchlist LowCardinality(String)',
  ],
};
