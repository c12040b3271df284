import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowRecord } from '#flow';
import { rollups } from './rollups.ts';
import { openStore, type Store } from './store.ts';
import { age, count, findingAbout, flowRecord, flowRecords, noon, temporaryStore } from './testing.ts';

/** Rollups and tables must agree. */
async function assertAgree(store: Store): Promise<void> {
  const sums = 'sum(records) AS records, sum(flows) AS flows, sum(source_bytes) AS bytes, sum(observables) AS observables';
  const [truth] = await store.query(
    'SELECT count() AS records, countIf(telltale_flow_sequence = 0) AS flows, sum(source_bytes) AS bytes, '
      + 'sum(length(telltale_observables.kind)) AS observables FROM flows FINAL',
  );
  assert.deepEqual(await store.query(`SELECT ${sums} FROM flows_1m`), [truth]);
  assert.deepEqual(await store.query(`SELECT ${sums} FROM flows_1h`), [truth]);
  for (const [of, table] of [['toStartOfMinute', '1m'], ['toStartOfHour', '1h']]) {
    assert.deepEqual(
      await store.query(`SELECT timestamp, telltale_peer_located AS located, sum(records) AS n FROM flows_${table} GROUP BY 1, 2 ORDER BY 1, 2`),
      await store.query(
        `SELECT toDateTime(${of}(timestamp), 'UTC') AS timestamp, telltale_peer_located AS located, count() AS n FROM flows FINAL GROUP BY `
          + '1, 2 ORDER BY 1, 2',
      ),
    );
  }
  const [findings] = await store.query(
    'SELECT count() AS findings, uniq(telltale_subject_ip) AS subjects, uniq(telltale_observable_token) AS identifiers FROM findings FINAL',
  );
  for (const table of ['findings_1m', 'findings_1h']) {
    assert.deepEqual(
      await store.query(`SELECT sum(findings) AS findings, uniqMerge(subjects) AS subjects, uniqMerge(identifiers) AS identifiers FROM ${table}`),
      [findings],
    );
  }
}

test('the views have the columns the rollups fill', async () => {
  await using temporary = await temporaryStore();
  for (const { table, dimensions, measures } of rollups) {
    for (const step of ['1m', '1h']) {
      const columns = await temporary.store.query<{ name: string }>(`DESCRIBE TABLE ${table}_${step}`);
      assert.deepEqual(columns.map(({ name }) => name), ['timestamp', ...dimensions, ...Object.keys(measures)]);
    }
  }
});

test('minutes and hours agree with the tables, also after replays', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  const flows = flowRecords(9000); // two and a half hours
  const findings = flows
    .filter((_, index) => index % 7 === 0)
    .map((record, index) => findingAbout(record, { 'telltale.subject.ip': `10.0.0.${index % 200}`, 'telltale.observable.token': `t${index % 50}` }));
  for (let replay = 0; replay < 3; replay++) {
    await store.write(flows, findings);
    await store.refreshRollups();
    await assertAgree(store);
  }
  assert.equal(await count(store, 'flows_1h_buckets FINAL'), 3);
});

test('a cell that is gone does not linger', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  await store.write(flowRecords(10, { 'telltale.peer.located': 'US' }), []);
  await store.refreshRollups();
  await store.write(flowRecords(10, { 'telltale.peer.located': 'DE' }), []);
  await store.refreshRollups();
  await assertAgree(store);
  assert.equal(await count(store, "flows_1h WHERE telltale_peer_located = 'US'"), 0);
});

test('a minute that lost its only record, because the capture grew, is emptied', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  await store.write([flowRecord(1)], []);
  await store.refreshRollups();
  await store.write([flowRecord(1, { '@timestamp': noon + 180e6 })], []);
  await store.refreshRollups();
  await assertAgree(store);
  assert.equal(await count(store, 'flows_1m'), 1);
});

test('times that no bucket can hold are in the table, not in the rollups, and disturb nothing', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  const far = Date.UTC(2150, 0) * 1000;
  await store.write(
    [flowRecord(1), flowRecord(2, { 'event.start': far, '@timestamp': far }), flowRecord(3, { 'event.start': -1e6, '@timestamp': -1e6 })],
    [],
  );
  await store.refreshRollups();
  assert.equal(await count(store, 'flows FINAL'), 3);
  assert.deepEqual(await store.query('SELECT sum(records) AS n FROM flows_1m'), [{ n: 1 }]);
});

test('what a killed process wrote but did not roll up is found after the start', async () => {
  await using temporary = await temporaryStore();
  const { store, path } = temporary;
  await store.write(flowRecords(100), [findingAbout(flowRecord(1))]);
  await store.refreshRollups();
  for (const table of ['flows', 'findings']) await age(path, table, '1 HOUR'); // so that nothing is recomputed for being recent
  await using killed = await openStore({ path, rollupInterval: 3_600_000 });
  await killed.write(flowRecords(200).slice(120), []); // seconds 120 to 199: minutes 2 and 3; never refreshed

  await using restarted = await openStore({ path, rollupInterval: 3_600_000 });
  await restarted.refreshRollups();
  await assertAgree(restarted);
  assert.equal(restarted.counters.rollupMinutes, 2, 'only the minutes that were behind');
});

test('several writers whose writes and refreshes interleave at will end with rollups that agree', async () => {
  await using temporary = await temporaryStore();
  const { store, path } = temporary;
  await using other = await openStore({ path, rollupInterval: 3_600_000 }); // a connection of its own
  const records = (round: number, writer: number): FlowRecord[] => flowRecords(60).filter((_, index) => index % 3 !== writer)
    .map((record) => ({ ...record, 'telltale.peer.located': `${writer}${round % 2}` })); // overlapping ids, different cells
  const work = [store, other].map(async (each, writer) => {
    for (let round = 0; round < 12; round++) {
      await each.write(records(round, writer), []);
      await each.refreshRollups();
    }
  });
  await Promise.all(work);
  await assertAgree(store);
});

test('a stale computation that arrives last does not win', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  await store.write(flowRecords(10), []);
  await store.refreshRollups();
  // What a slower detector would insert: computed before the rows were there, arriving after.
  await store.query(
    'INSERT INTO flows_1m_buckets (timestamp, computed_at) SELECT timestamp, computed_at - INTERVAL 1 SECOND FROM flows_1m_buckets FINAL',
  );
  await assertAgree(store);
});

test('rollups follow by themselves', async () => {
  await using temporary = await temporaryStore({ rollupInterval: 20 });
  const { store } = temporary;
  await store.write(flowRecords(10), []);
  while (store.counters.rollupMinutes === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await assertAgree(store);
});
