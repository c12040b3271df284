import { flowsAndFindings } from './0001-flows-and-findings.ts';
import { paths } from './0002-paths.ts';
import { failover } from './0003-failover.ts';
import { hits } from './0004-hits.ts';
import { watchlists } from './0005-watchlists.ts';
import { signalling } from './0006-signalling.ts';
import { inferenceAndLinkability } from './0007-inference-and-linkability.ts';
import { sessions } from './0008-sessions.ts';
import { servicePlaces } from './0009-service-places.ts';
import type { Migration } from './migration.ts';

/**
 * All migrations, oldest first.
 *
 * To add a field: append it to the field table (`#flow`), add a migration with `ALTER TABLE flows ADD COLUMN IF NOT EXISTS …` (and
 * `findings`, if a finding carries it), list it here, and regenerate infra/clickhouse/schema.sql; docs/life-of-a-flow.md has the steps. A
 * test compares the tables with the field table.
 */
export const migrations: readonly Migration[] = [
  flowsAndFindings, paths, failover, hits, watchlists, signalling, inferenceAndLinkability, sessions, servicePlaces,
];
