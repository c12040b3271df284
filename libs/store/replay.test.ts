import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age, count, findingAbout, flowRecord, flowRecords, noon, run, temporaryStore } from './testing.ts';

test('a replay changes no count, before any merge', async () => {
  await using temporary = await temporaryStore();
  const { store, path } = temporary;
  await run(path, 'SYSTEM STOP MERGES flows', 'SYSTEM STOP MERGES findings');
  const flows = flowRecords(500);
  const findings = flows.filter((_, index) => index % 5 === 0).map((record) => findingAbout(record));
  for (let replay = 0; replay < 3; replay++) {
    await store.write(flows, findings);
    assert.equal(await count(store, 'flows FINAL'), 500);
    assert.equal(await count(store, 'findings FINAL'), 100);
  }
  assert.equal(await count(store, 'flows'), 1500, 'no merge has done it');
});

test('a replay a month later, with newer geo tables, lands on the same rows, and the latest answer counts', async () => {
  await using temporary = await temporaryStore();
  const { store, path } = temporary;
  const flows = flowRecords(50, { 'telltale.peer.located': 'US' });
  await store.write(flows, flows.map((record) => findingAbout(record)));
  for (const table of ['flows', 'findings']) await age(path, table, '31 DAY');
  const again = flowRecords(50, { 'telltale.peer.located': 'CN', 'telltale.service': 'agora', 'telltale.policy.verdict': 'denied' });
  await store.write(again, again.map((record) => findingAbout(record)));
  const located = (table: string) => store.query(`SELECT telltale_peer_located AS located, count() AS n FROM ${table} FINAL GROUP BY 1`);
  assert.deepEqual(await located('flows'), [{ located: 'CN', n: 50 }]);
  assert.deepEqual(await located('findings'), [{ located: 'CN', n: 50 }]);
  await run(path, 'OPTIMIZE TABLE flows FINAL', 'OPTIMIZE TABLE findings FINAL');
  assert.equal(await count(store, 'flows'), 50, 'and a merge removes the older row');
  assert.equal(await count(store, 'findings'), 50);
});

test('a capture that grew moves the last record of a flow; it is still one record', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  await store.write([flowRecord(1, { 'telltale.flow.state': 'end' })], []);
  await store.write([flowRecord(1, { 'telltale.flow.state': 'update', '@timestamp': noon + 40 * 86_400e6 })], []);
  assert.deepEqual(await store.query('SELECT telltale_flow_state AS state FROM flows FINAL'), [{ state: 'update' }]);
});

test('event times of any year make few partitions, and are kept', async () => {
  await using temporary = await temporaryStore();
  const { store, path } = temporary;
  const month = 30.4 * 86_400e6;
  const flows = flowRecords(1200).map((record, index) => ({
    ...record,
    'event.start': Math.floor(index * month),
    '@timestamp': Math.floor(index * month),
  }));
  await store.write(
    flows,
    flows.map((record) => findingAbout(record)),
  );
  await run(path, 'OPTIMIZE TABLE flows FINAL', 'OPTIMIZE TABLE findings FINAL'); // merges apply the TTL
  for (const table of ['flows', 'findings']) {
    assert.equal(await count(store, table), 1200);
    const [{ partitions }] = (await store.query<{ partitions: number }>(
      `SELECT uniqExact(partition) AS partitions FROM system.parts WHERE database = currentDatabase() AND table = {table:String} AND active`,
      { table },
    )) as [{ partitions: number }];
    assert.ok(partitions <= 24, `${partitions} partitions of ${table}`);
  }
});

test('retention counts from ingest', async () => {
  await using temporary = await temporaryStore();
  const { store, path } = temporary;
  await store.write([flowRecord(1)], []);
  await age(path, 'flows', '91 DAY');
  await store.write([flowRecord(2)], []);
  await run(path, 'OPTIMIZE TABLE flows FINAL');
  assert.deepEqual(await store.query('SELECT event_id FROM flows'), [{ event_id: flowRecord(2)['event.id'] }]);
});
