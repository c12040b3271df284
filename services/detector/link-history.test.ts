import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import type { Finding, FlowRecord, Observable } from '#flow';
import { openStore } from '#store';
import { temporaryFolder } from '../../test/support/folder.ts';
import { Detection } from './detection.ts';
import { Detector } from './detector.ts';
import { LinkHistory } from './link-history.ts';
import { Linkability } from './linkability.ts';
import { loadDetection } from './packs.ts';
import { noon, second, serviceFlow } from './scheduled-testing.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const seen = (kind: string, token: string): Observable => ({
  kind,
  path: 'udp.payload@8',
  encoding: '',
  visibility: 'cleartext',
  confidence: 90,
  mask: '4****2',
  token,
  sender: 'source',
  frame: 1,
  watchlist: '',
});

let port = 40_000;
function flow(seconds: number, observable: Observable, fields: Partial<FlowRecord> = {}): FlowRecord {
  port++;
  return serviceFlow(noon + seconds * second, {
    'source.port': port,
    'telltale.service': '',
    'telltale.role': '',
    'telltale.observables': [observable],
    'telltale.flow.observable_kinds': [observable.kind],
    ...fields,
  });
}

const silent = { error: () => {} };

test('links across processes: the store tells what a subject showed before, and which links were told', async () => {
  await using folder = await temporaryFolder('links');
  await using store = await openStore({ path: folder.path });
  await store.migrate();
  const parts = await loadDetection({ root });
  const found: Finding[] = [];
  const start = (): Detector => {
    const detection = new Detection({ ...parts, rules: parts.pack.plan, hits: parts.pack.hits });
    return new Detector(detection, store, { send: async (findings) => { found.push(...findings); }, close: async () => {} }, silent);
  };
  const linked = async (detector: Detector, ...records: FlowRecord[]): Promise<string[]> => {
    found.length = 0;
    await detector.handle(records);
    return found
      .filter((finding) => finding['rule.name'] === 'User and room linked in clear')
      .map((finding) => finding['telltale.observables.related'].join());
  };

  const first = start();
  const user = flow(0, seen('user_id', 'tk1.k.user'));
  assert.deepEqual(await linked(first, user), []);
  // The first process is gone; what it had handled is stored.
  const next = start();
  const room = flow(60, seen('room_id', 'tk1.k.room'));
  assert.deepEqual(await linked(next, room), ['user_id=tk1.k.user']);
  assert.deepEqual([next.counters.recalledSubjects, next.counters.recalledRecords], [1, 1]);
  assert.deepEqual(await linked(next, flow(61, seen('room_id', 'tk1.k.room'))), [], 'told once');
  assert.equal(next.counters.recalledSubjects, 1, 'a subject that is followed is not asked for again');

  const third = start();
  assert.deepEqual(await linked(third, flow(70, seen('room_id', 'tk1.k.room'))), [], 'told by a process that is gone');
  assert.deepEqual(await linked(third, flow(80, seen('room_id', 'tk1.k.other'))), ['user_id=tk1.k.user']);
  assert.deepEqual(await linked(start(), room), ['user_id=tk1.k.user'], 'a batch that comes again tells again what it told');
  assert.deepEqual(await linked(start(), flow(400, seen('room_id', 'tk1.k.late'))), [], 'too late for the window');

  // While others read its partition, a process does not see what they read.
  assert.deepEqual(await linked(first, flow(500, seen('account_id', 'tk1.k.account'))), []);
  await start().handle([flow(510, seen('user_id', 'tk1.k.elsewhere'))]);
  first.reassigned();
  assert.deepEqual(await linked(first, flow(520, seen('room_id', 'tk1.k.third'))), ['user_id=tk1.k.elsewhere']);
});

test('in one flow identifiers belong together however long ago, also across processes', async () => {
  await using folder = await temporaryFolder('links');
  await using store = await openStore({ path: folder.path });
  await store.migrate();
  const parts = await loadDetection({ root });
  const found: Finding[] = [];
  const start = (): Detector =>
    new Detector(new Detection({ ...parts, rules: parts.pack.plan }), store, {
      send: async (findings) => {
        found.push(...findings);
      },
      close: async () => {},
    }, silent);
  const record = flow(0, seen('user_id', 'tk1.k.user'));
  const later = Object.assign(flow(900, seen('room_id', 'tk1.k.room')), {
    'telltale.flow.id': record['telltale.flow.id'],
    'event.start': record['event.start'],
  });
  await start().handle([record]);
  await start().handle([later]);
  assert.equal(found.filter((finding) => finding['rule.name'] === 'User and room linked in clear').length, 1);
});

test('of more rows than are read the latest count, and that they were more is counted', async () => {
  await using folder = await temporaryFolder('links');
  await using store = await openStore({ path: folder.path });
  await store.migrate();
  const past = [flow(0, seen('user_id', 'tk1.k.early')), flow(10, seen('device_id', 'tk1.k.device')), flow(20, seen('room_id', 'tk1.k.room'))];
  await store.write(past, []);
  const recall = async (mostRows: number): Promise<[records: number, cut: number, linkedWith: string[]]> => {
    const counters = { recalledSubjects: 0, recalledRecords: 0, recallsCut: 0 };
    const linkability = new Linkability(10);
    const now = flow(30, seen('room_id', 'tk1.k.another'));
    await new LinkHistory((sql, parameters) => store.query(sql, parameters), counters, { mostRows }).recall([now], linkability, []);
    const link = linkability.link(now, false);
    return [counters.recalledRecords, counters.recallsCut, link!.observables.map(({ token }) => token).toSorted()];
  };
  assert.deepEqual(await recall(3), [3, 0, ['tk1.k.another', 'tk1.k.device', 'tk1.k.early']]);
  assert.deepEqual(await recall(2), [2, 1, ['tk1.k.another', 'tk1.k.device']]);
});

test('records of years ago beside those of now are asked for apart: no question spans what was stored in between', async () => {
  const spans: number[] = [];
  const query = async <Row>(_: string, { from, to }: Readonly<Record<string, unknown>> = {}): Promise<Row[]> => {
    spans.push((Number(to) - Number(from)) / second);
    return [];
  };
  const counters = { recalledSubjects: 0, recalledRecords: 0, recallsCut: 0 };
  const at = (seconds: number): FlowRecord => flow(seconds, seen('room_id', 'tk1.k.room'), {
    'telltale.subject.ip': `10.0.${port >> 8}.${port & 255}`,
  });
  await new LinkHistory(query, counters).recall([0, 30, -200_000_000, 600].map(at), new Linkability(10), []);
  assert.deepEqual(spans, [120, 720]);
  await new LinkHistory(query, counters).recall(Array.from({ length: 100 }, (_, i) => at(i * 100_000)), new Linkability(10), []);
  assert.deepEqual([spans.length, counters.recallsCut, counters.recalledSubjects], [66, 36, 104]);
});
