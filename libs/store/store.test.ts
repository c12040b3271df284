import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFinding, createFlowRecord, findingId, flowId, recordId, type Finding, type FlowRecord } from '#flow';
import { openStore, type Rejection, type Store, type StoreOptions } from '#store';

const start = Date.UTC(2020, 2, 1, 12, 0, 0) * 1000;

export async function temporaryStore(options: Partial<StoreOptions> = {}): Promise<Store & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'telltale-store-'));
  const store = await openStore({ path: folder, rollupInterval: 3_600_000, ...options });
  await store.migrate();
  const close = store.close.bind(store);
  return Object.assign(store, {
    folder,
    async [Symbol.asyncDispose]() {
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  });
}

export function flow(index: number, changes: Partial<FlowRecord> = {}): FlowRecord {
  const record = createFlowRecord();
  const id = flowId('probe-1', `1:${index}`, start + index * 1_000_000);
  return Object.assign(record, {
    'event.id': recordId(id, 0),
    'telltale.flow.id': id,
    '@timestamp': start + index * 1_000_000 + 123_456,
    'event.start': start + index * 1_000_000,
    'observer.name': 'probe-1',
    'source.bytes': 200 + index,
    'telltale.service': 'agora',
    'telltale.peer.located': index % 2 ? 'CN' : 'US',
    ...changes,
  });
}

export function finding(record: FlowRecord, changes: Partial<Finding> = {}): Finding {
  return Object.assign(createFinding(record), {
    'event.id': findingId('rule-1', record['event.id'], 'tk1.a.b', 'udp.payload@12'),
    'rule.id': 'rule-1',
    'event.severity_name': 'high',
    ...changes,
  });
}
const flows = (count: number, changes: Partial<FlowRecord> = {}) => Array.from({ length: count }, (_, index) => flow(index, changes));

async function count(store: Store, source: string): Promise<number> {
  const [row] = await store.query<{ n: number }>(`SELECT count() AS n FROM ${source}`);
  return row!.n;
}

test('smoke', async () => {
  const rejected: Rejection[] = [];
  await using store = await temporaryStore({ rejected: (r) => rejected.push(r) });
  const records = flows(1000);
  await store.write(records, records.map((r) => finding(r)));
  await store.write(records, records.map((r) => finding(r)));
  assert.equal(await count(store, 'flows FINAL'), 1000);
  await store.refreshRollups();
  console.log(await store.query('select timestamp, telltale_peer_located, records, flows, source_bytes from flows_1m order by 1,2 limit 4'));
  console.log(await store.query('select timestamp, telltale_peer_located, sum(findings), uniqMerge(subjects) from findings_1h group by 1,2'));
  console.log(store.counters);
});
