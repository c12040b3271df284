import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/folder.ts';
import { tables } from './columns.ts';
import { openEmbedded } from './embedded.ts';
import { StoreError } from './errors.ts';
import { digestOf, migrate } from './migrate.ts';
import type { Migration } from './migrations/migration.ts';
import { migrations } from './migrations/migrations.ts';
import { openStore } from './store.ts';
import { count, flowRecords, run, temporaryStore } from './testing.ts';

test('the tables hold exactly the fields of the field table', async () => {
  await using temporary = await temporaryStore();
  for (const [table, fields] of Object.entries(tables)) {
    const columns = await temporary.store.query<{ name: string; type: string }>(
      'SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}',
      { table },
    );
    const stored = Object.fromEntries(columns.map(({ name, type }) => [name, type]));
    const expected = Object.fromEntries(fields.flatMap((field) => field.columns.map(({ name, type }) => [name, type])));
    assert.deepEqual(
      stored,
      { ...expected, ingested_at: "DateTime64(3, 'UTC')" },
      `${table}: add a migration, see libs/store/migrations/migrations.ts`,
    );
  }
});

test('a shipped migration is frozen', () => {
  assert.deepEqual(migrations.map(({ id }) => id), migrations.map((_, index) => index + 1));
  const shipped = {
    1: '27fbb18cb773acb4',
    2: 'd8e3bc6d7dfd5c21',
    3: '5cc601088c2793da',
    4: '28b3759ee8cc787c',
    5: 'cae9c295495c8625',
    6: '94d611b7cc3e2737',
    7: '6d12f848b93febd4',
    8: '90a5903ee32008bb',
    9: 'e5576e0d1cdb7e1d',
  };
  assert.deepEqual(
    Object.fromEntries(migrations.slice(0, Object.keys(shipped).length).map((migration) => [migration.id, digestOf(migration)])),
    shipped,
  );
});

test('migrating is repeatable, also by two at once and after a kill in the middle', async () => {
  await using folder = await temporaryFolder('store');
  await using first = await openStore({ path: folder.path });
  await using second = await openStore({ path: folder.path });
  await run(folder.path, migrations[0]!.statements[0]!); // a killed migration left its first table
  await Promise.all([first.migrate(), second.migrate()]);
  await first.write(flowRecords(3), []);
  assert.deepEqual(await second.migrate(), []);
  assert.equal(await count(first, 'flows FINAL'), 3);
  assert.deepEqual(await first.query('SELECT id, name FROM schema_migrations FINAL ORDER BY id'), migrations.map(({ id, name }) => ({ id, name })));
});

test('a later migration is applied to a database of an earlier version, and keeps its rows', async () => {
  await using temporary = await temporaryStore();
  const { store, path } = temporary;
  await store.write(flowRecords(3), []);
  const { client } = await openEmbedded(path);
  await client.command({ query: 'USE telltale' });
  const next: Migration = {
    id: migrations.length + 1,
    name: 'one more field',
    statements: ['ALTER TABLE flows ADD COLUMN IF NOT EXISTS one_more String'],
  };
  assert.deepEqual(await migrate(client, [...migrations, next]), ['one more field']);
  assert.deepEqual(await migrate(client, [...migrations, next]), []);
  await client.close();
  await store.write(flowRecords(4), []); // a writer that does not know the column yet
  assert.equal(await count(store, "flows FINAL WHERE one_more = ''"), 4);
});

test('where services answered from is taken over from what is stored', async () => {
  await using folder = await temporaryFolder('store');
  await using store = await openStore({ path: folder.path });
  const { client } = await openEmbedded(folder.path);
  await client.command({ query: 'USE telltale' });
  await migrate(client, migrations.filter(({ name }) => name !== 'service places'));
  await client.close();
  const place = {
    'telltale.service': 'Zoom', 'telltale.role': 'media', 'telltale.peer.located': 'US', 'destination.as.organization.name': 'Zoom',
    'destination.packets': 2,
  };
  const [first, second] = flowRecords(2, place);
  await store.write([first!, Object.assign(second!, { 'destination.packets': 0, 'telltale.peer.located': 'CN' })], []);
  await store.refreshRollups();
  await store.migrate();
  const [later] = flowRecords(1, { ...place, '@timestamp': first!['@timestamp'] + 86_400_000_000, 'event.id': 'later' });
  await store.write([later!], []);
  await store.write([later!], []);
  const hourOf = (micros: number): number => Math.floor(micros / 3_600_000_000) * 3_600;
  assert.deepEqual(
    await store.query(`SELECT telltale_service AS service, telltale_peer_located AS located,
      anyLast(destination_as_organization_name) AS organization, toUnixTimestamp(min(service_places.first)) AS first, uniqExact(day) AS days FROM service_places GROUP BY service, located`),
    [{ service: 'Zoom', located: 'US', organization: 'Zoom', first: hourOf(first!['@timestamp']), days: 2 }],
  );
});

test('a migration that was changed after it was applied is refused', async () => {
  await using temporary = await temporaryStore();
  const { client } = await openEmbedded(temporary.path);
  await client.command({ query: 'USE telltale' });
  const changed = { ...migrations[0]!, statements: [...migrations[0]!.statements, 'SELECT 1'] };
  await assert.rejects(migrate(client, [changed]), (error) => error instanceof StoreError && error.code === 'migration-changed');
  await client.close();
});
