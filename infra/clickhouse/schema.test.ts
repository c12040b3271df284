import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { schema, schemaFile } from './schema.ts';

test('infra/clickhouse/schema.sql is current', async () => {
  assert.equal(await readFile(schemaFile, 'utf8'), await schema(), 'run `node dist/infra/clickhouse/schema.js` and commit the change');
});
