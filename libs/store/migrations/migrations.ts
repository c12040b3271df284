import { flowsAndFindings } from './0001-flows-and-findings.ts';
import { hits } from './0004-hits.ts';
import { signalling } from './0007-signalling.ts';
import { inferenceAndLinkability } from './0008-inference-and-linkability.ts';
import type { Migration } from './migration.ts';

/**
 * All migrations, oldest first.
 *
 * To add a field: append it to the field table (`#flow`), add a migration with `ALTER TABLE flows ADD COLUMN IF NOT EXISTS …` (and
 * `findings`, if a finding carries it), list it here, and write infra/clickhouse/schema.sql anew; docs/decisions/0002-embedded-store.md
 * has the steps. A test holds the tables against the field table.
 */
export const migrations: readonly Migration[] = [flowsAndFindings, hits, signalling, inferenceAndLinkability];
