import { createHash } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import { StoreError } from './errors.ts';
import type { Migration } from './migrations/migration.ts';

const journal = `CREATE TABLE IF NOT EXISTS schema_migrations (
  id UInt32,
  name String,
  digest String,
  applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY id`;

/**
 * Applies the migrations that the database lacks, in order. Repeatable, and safe while another process migrates: statements are idempotent,
 * and a migration is recorded after its last statement. Resolves to the names of those it applied.
 */
export async function migrate(client: ClickHouseClient, migrations: readonly Migration[]): Promise<string[]> {
  await client.command({ query: journal });
  const result = await client.query({ query: 'SELECT id, digest FROM schema_migrations FINAL ORDER BY id', format: 'JSONEachRow' });
  const applied = new Map((await result.json<{ id: number; digest: string }>()).map(({ id, digest }) => [id, digest]));
  const names: string[] = [];
  for (const migration of migrations) {
    const digest = digestOf(migration);
    const known = applied.get(migration.id);
    if (known === undefined) {
      for (const query of migration.statements) await client.command({ query });
      await client.command({
        query: 'INSERT INTO schema_migrations (id, name, digest) SELECT {id:UInt32}, {name:String}, {digest:String}',
        query_params: { id: migration.id, name: migration.name, digest },
      });
      names.push(migration.name);
    } else if (known !== digest) {
      throw new StoreError('migration-changed', `migration ${migration.id} (${migration.name}) was applied to this database with another text `
        + `(${known}, now ${digest}). A shipped migration is frozen: put the change into a new one.`);
    }
  }
  return names;
}

/** Digest of a migration's statements, 16 hexadecimal digits. */
export function digestOf({ statements }: Migration): string {
  return createHash('sha256').update(statements.join(';\n')).digest('hex').slice(0, 16);
}
