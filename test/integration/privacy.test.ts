import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { count, findingAbout, flowRecord, run, temporaryStore } from '../../libs/store/testing.ts';

test('what docs/privacy.md says to run deletes everything about one machine, and nothing about another', async () => {
  await using temporary = await temporaryStore();
  const { store, path } = temporary;
  const records = ['10.20.0.14', '10.20.0.15'].map((address, index) => flowRecord(index, { 'telltale.subject.ip': address }));
  await store.write(records, records.map((record) => findingAbout(record)));
  await run(path, ...['10.20.0.14', '10.20.0.15'].map((address, index) =>
    `INSERT INTO hits (event_id, timestamp, rule_id, fields) VALUES ('${index}', now64(6), 'r', map('telltale.subject.ip', '${address}'))`));

  const [, block] = /```sql\n([^`]+)```/.exec(readFileSync('docs/privacy.md', 'utf8'))!;
  const statements = block!.replaceAll('telltale.findings', 'findings').replaceAll('telltale.flows', 'flows').replaceAll('telltale.hits', 'hits')
    .split(';\n').filter(Boolean);
  assert.equal(statements.length, 4);
  await run(path, ...statements.map((statement) => `${statement}${statement.startsWith('ALTER') ? ' SETTINGS mutations_sync = 1' : ''}`));

  for (const table of ['flows', 'findings']) {
    assert.equal(await count(store, `${table} WHERE telltale_subject_ip = '10.20.0.14'`), 0, table);
    assert.equal(await count(store, `${table} WHERE telltale_subject_ip = '10.20.0.15'`), 1, table);
  }
  assert.equal(await count(store, "hits WHERE fields['telltale.subject.ip'] = '10.20.0.14'"), 0);
  assert.equal(await count(store, 'hits'), 1);
});
