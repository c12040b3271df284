import { flowsAndFindings } from './0001-flows-and-findings.ts';
import type { Migration } from './migration.ts';

/**
 * All migrations, oldest first.
 *
 * To add a field: append it to the field table (`#flow`); add a migration with `ALTER TABLE flows ADD COLUMN IF NOT EXISTS …`
 * (and `findings`, if a finding carries it), list it here, and run `npm run build && node scripts/schema.mjs`
 * (see docs/decisions/0002-embedded-store.md). A test holds the tables against the field table.
 */
export const migrations: readonly Migration[] = [flowsAndFindings];
