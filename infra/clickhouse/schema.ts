import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '#store';

/** The statements of all tables and views, as ClickHouse shows them after all migrations. */
export async function schema(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'telltale-schema-'));
  try {
    await using store = await openStore({ path: folder, database: 'telltale' });
    await store.migrate();
    const objects = await store.query<{ statement: string }>(`
      SELECT replaceAll(formatQuery(create_table_query), 'telltale.', '') AS statement
      FROM system.tables WHERE database = 'telltale' ORDER BY engine = 'View', name`);
    return [heading, ...objects.map(({ statement }) => `${statement};\n`)].join('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const heading = `-- The schema after all migrations (libs/store/migrations), written by \`npm run generate\`.
-- For reading and for review; \`telltale migrate\` is what creates it.
`;
