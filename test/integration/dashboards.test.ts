import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectRoot } from '#runtime';
import { openStore, type Store } from '#store';
import { buildDashboards } from '../../infra/grafana/dashboards.ts';
import { expand, type Expansion } from '../../infra/grafana/macros.ts';
import { demonstrationCapture } from '../../services/probe/demonstration.ts';
import type { Case } from '../cases/case.ts';
import { detect, probeCapture } from '../support/scan.ts';

interface Target {
  refId: string;
  rawSql: string;
  format: number;
  queryType: string;
  editorType: string;
  datasource: { type: string; uid: string };
}
interface Override {
  matcher: { id: string; options: string };
  properties: { id: string; value: unknown }[];
}
interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { uid: string };
  targets?: Target[];
  fieldConfig?: { overrides?: Override[] };
  options?: { layers?: { type: string; config: { style: { size: { field: string }; color: { field: string } } } }[] };
}
interface Variable {
  type: string;
  name: string;
  multi?: boolean;
  includeAll?: boolean;
  query: string | { rawSql: string };
}
interface Dashboard {
  uid: string;
  title: string;
  schemaVersion: number;
  panels: Panel[];
  templating: { list: Variable[] };
  links: { url?: string }[];
}

const built = buildDashboards();
const dashboards = Object.entries(built).map(([file, text]) => ({ file, ...(JSON.parse(text) as Dashboard) }));
const questionsOf = (dashboard: Dashboard) => dashboard.panels.filter(({ type }) => type !== 'row');

test('the committed dashboards are those that the code builds', async () => {
  const folder = join(projectRoot, 'infra', 'grafana', 'dashboards');
  assert.deepEqual((await readdir(folder)).sort(), Object.keys(built).sort());
  for (const [file, text] of Object.entries(built)) {
    assert.equal(await readFile(join(folder, file), 'utf8'), text, `${file} is not current: run bin/telltale dashboards build`);
  }
});

test('a second build gives the same text', () => assert.deepEqual(buildDashboards(), built));

for (const dashboard of dashboards) {
  describe(dashboard.title, () => {
    test('has the shape that Grafana loads', () => {
      assert.match(dashboard.uid, /^telltale-[a-z-]{1,31}$/);
      assert.ok(dashboard.schemaVersion >= 41, 'a schema that Grafana need not migrate');
      assert.ok(!('rows' in dashboard), 'panels are placed, rows are of an old schema');
      const ids = dashboard.panels.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length, 'panel ids are unique');
      const titles = questionsOf(dashboard).map(({ title }) => title);
      assert.equal(new Set(titles).size, titles.length, 'titles are unique');
    });

    test('places panels within the grid and beside each other', () => {
      const taken = new Map<string, string>();
      for (const {
        title,
        gridPos: { x, y, w, h },
      } of dashboard.panels) {
        assert.ok(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, `${title} is within 24 columns`);
        for (let column = x; column < x + w; column++) {
          for (let line = y; line < y + h; line++) {
            const other = taken.get(`${column},${line}`);
            assert.equal(other, undefined, `${title} covers ${other}`);
            taken.set(`${column},${line}`, title);
          }
        }
      }
    });

    test('asks a question in each panel, says how it is counted, and reads the chosen store', () => {
      for (const { title, description, datasource, targets } of questionsOf(dashboard)) {
        assert.match(title, /\?$/);
        assert.ok((description ?? '').length > 20, `${title} has a description`);
        assert.equal(datasource?.uid, '${datasource}', title);
        assert.equal(targets?.length, 1, title);
        for (const target of targets ?? []) {
          assert.deepEqual(target.datasource, { type: 'grafana-clickhouse-datasource', uid: '${datasource}' }, title);
          assert.equal(target.editorType, 'sql', title);
          assert.equal(target.format, target.queryType === 'timeseries' ? 0 : 1, title);
          assert.notEqual(target.rawSql.trim(), '', title);
        }
      }
    });

    test('uses each of its variables, and none that it lacks', () => {
      const text = JSON.stringify({
        panels: dashboard.panels,
        links: dashboard.links,
        queries: dashboard.templating.list.map(({ query }) => query),
      }).replaceAll(/var-\w+/g, '');
      const used = new Set([...text.matchAll(/\$\{?(?!__)(\w+)/g)].map(([, name]) => name));
      const drilled = [...text.matchAll(/\$\{(\w+):queryparam\}/g)].map(([, name]) => name);
      for (const name of drilled) used.delete(name);
      const own = dashboard.templating.list.map(({ name }) => name);
      for (const name of own) assert.match(text, new RegExp(`\\$\\{?${name}\\b`), `${name} is used`);
      assert.deepEqual(
        [...used].filter((name) => !own.includes(name ?? '')),
        [],
        'every variable used is defined',
      );
    });

    test('links to dashboards that exist', () => {
      for (const [, uid] of JSON.stringify(dashboard).matchAll(/\/d\/([\w-]+)\?/g)) {
        assert.ok(
          dashboards.some((other) => other.uid === uid),
          uid,
        );
      }
    });
  });
}

describe('every query', { timeout: 300_000 }, () => {
  let folder: string;
  let store: Store;
  let packetTimes: { from: Date; to: Date };
  let storeTimes: { from: Date; to: Date };

  /** Queries that fail while nothing is stored yet, as when Grafana is opened before the first capture. */
  const failedWhenEmpty: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'telltale-dashboards-'));
    store = await openStore({ path: folder });
    await store.migrate();
    packetTimes = storeTimes = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 60_000) };
    for (const { targets, title } of dashboards.flatMap(questionsOf)) {
      await run(targets?.[0]?.rawSql ?? '', 'timestamp').catch((error: unknown) => failedWhenEmpty.push(`${title} ${String(error)}`));
    }

    await fillStore(store);
    await store.refreshRollups();
    const [seen] = await store.query<{ first: number; last: number }>(
      'SELECT toUnixTimestamp(min(timestamp)) AS first, toUnixTimestamp(max(timestamp)) AS last FROM flows',
    );
    assert.ok(seen);
    packetTimes = { from: new Date((seen.first - 60) * 1000), to: new Date((seen.last + 60) * 1000) };
  });

  after(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  function expansion(clock: string, choices: Expansion['variables'] = {}): Expansion {
    const all = { service: '$__all', subject: '$__all', level: '$__all', kind: '$__all', country: '$__all', probe: '$__all' };
    return { ...(clock === 'timestamp' ? packetTimes : storeTimes), intervalSeconds: 60, variables: { ...all, clock, ...choices } };
  }

  const run = (sql: string, clock: string, choices?: Expansion['variables']) =>
    store.query<Record<string, unknown>>(expand(sql, expansion(clock, choices)));
  const rangeOf = (dashboard: Dashboard) => (dashboard.uid === 'telltale-health' ? ['ingested_at'] : ['timestamp', 'ingested_at']);

  test('asks an empty store without an error', () => assert.deepEqual(failedWhenEmpty, []));

  for (const dashboard of dashboards) {
    for (const clock of rangeOf(dashboard)) {
      test(`${dashboard.title}: returns rows by ${clock}, with the columns that its panel uses`, async () => {
        for (const panel of questionsOf(dashboard)) {
          const [target] = panel.targets ?? [];
          const rows = await run(target?.rawSql ?? '', clock).catch((error: unknown) => assert.fail(`${panel.title} ${String(error)}`));
          const [row] = rows;
          assert.ok(row, `${panel.title} returns no row`);
          if (panel.type === 'stat')
            assert.ok(rows.length === 1 && Number.isFinite(Number(Object.values(row)[0])), `${panel.title} ${JSON.stringify(row)}`);
          if (target?.queryType === 'timeseries')
            assert.match(String(Object.values(row)[0]), /^\d{4}-\d\d-\d\d /, `${panel.title}: the first column is the time`);
          for (const name of columnsUsed(panel))
            assert.ok(name in row, `${panel.title} has no column ${name}: ${Object.keys(row).join(', ')}`);
        }
      });
    }

    test(`${dashboard.title}: offers choices, and each narrows the panels without breaking them`, async () => {
      for (const variable of dashboard.templating.list.filter(({ type }) => type === 'query')) {
        const choices = await run((variable.query as { rawSql: string }).rawSql, 'ingested_at');
        assert.ok(choices.length > 0, `${variable.name} offers something`);
        if (!variable.multi) continue;
        const values = [String(Object.values(choices[0] ?? {})[0]), "Rock'n'roll"];
        for (const panel of questionsOf(dashboard)) {
          await run(panel.targets?.[0]?.rawSql ?? '', 'ingested_at', { [variable.name]: values }).catch((error: unknown) =>
            assert.fail(`${panel.title} with ${variable.name} ${String(error)}`),
          );
        }
      }
    });
  }

  test('an old capture opens on the time of storing, live traffic on that of the packets', async () => {
    const clock = dashboards[0]?.templating.list.find(({ name }) => name === 'clock');
    assert.ok(clock && typeof clock.query === 'object');
    const sql = clock.query.rawSql;
    const first = async (by: string) => (await run(sql, by))[0]?.['clock'];
    assert.equal(await first('timestamp'), 'timestamp');
    assert.equal(await first('ingested_at'), 'ingested_at');
  });

  test('what a choice selects is what the table says', async () => {
    const sqlOf = (title: string) =>
      questionsOf(dashboards.find(({ uid }) => uid === 'telltale-overview') ?? assert.fail()).find((panel) => panel.title === title)
        ?.targets?.[0]?.rawSql ?? '';
    const leaks = async (choices?: Expansion['variables']) =>
      Number((await run(sqlOf('How many leaks were found?'), 'timestamp', choices))[0]?.['leaks']);
    const [counted] = await store.query<{
      all: number;
      zoom: number;
      high: number;
    }>(`SELECT count() AS all, countIf(telltale_service = 'Zoom') AS zoom,
      countIf(event_severity_name IN ('high', 'critical')) AS high FROM findings FINAL WHERE telltale_verdict = 'violation'`);
    assert.ok(counted && counted.zoom > 0 && counted.high > 0 && counted.zoom < counted.all);
    assert.equal(await leaks(), counted.all);
    assert.equal(await leaks({ service: ['Zoom'] }), counted.zoom);
    assert.equal(await leaks({ level: ['high', 'critical'] }), counted.high);
  });

  test('a replay changes no number', async () => {
    const numbers = async () => {
      const found: Record<string, unknown> = {};
      for (const dashboard of dashboards.filter(({ uid }) => uid !== 'telltale-health')) {
        for (const panel of questionsOf(dashboard).filter(({ type }) => type === 'stat' || type === 'bargauge')) {
          for (const clock of rangeOf(dashboard))
            found[`${dashboard.uid} ${panel.title} ${clock}`] = await run(panel.targets?.[0]?.rawSql ?? '', clock);
        }
      }
      return found;
    };
    const once = await numbers();
    await fillStore(store);
    await store.refreshRollups();
    assert.deepEqual(await numbers(), once);
  });
});

/** Columns that overrides, links and map layers name. Series of a time series are named by their label's value, so not these. */
function columnsUsed(panel: Panel): Set<string> {
  const names = new Set<string>();
  for (const { matcher } of panel.fieldConfig?.overrides ?? []) names.add(matcher.options);
  for (const [, name] of JSON.stringify(panel.fieldConfig ?? {}).matchAll(/\$\{__data\.fields\.(\w+)\}/g)) names.add(name ?? '');
  for (const [, name] of JSON.stringify(panel.fieldConfig ?? {}).matchAll(/\$\{__field\.labels\.(\w+)\}/g)) names.add(name ?? '');
  for (const { type, config } of panel.options?.layers ?? []) {
    if (type === 'markers') [config.style.size.field, config.style.color.field, 'country'].forEach((name) => names.add(name));
  }
  return names;
}

/** Golden cases for what the demonstration does not show. */
const cases = [
  'unknown-location',
  'meeting-at-two-subjects',
  'operated-from-china',
  'http-credentials',
  'http-identifiers',
  'turn-username',
  'third-party-start',
  'clean-web',
  'call-media-from-beijing',
];

/** Fills the store with a real scan, by two probes: the demonstration every ten minutes of an hour, and captures of the golden cases. */
async function fillStore(store: Store): Promise<void> {
  const start = Date.UTC(2026, 0, 15, 9, 0, 0) * 1000;
  const captures = Array.from({ length: 6 }, (_, round) => ({
    observer: 'probe-a',
    file: `demonstration-${round}.pcap`,
    bytes: demonstrationCapture(start + round * 600e6),
  }));
  for (const name of cases) {
    const { capture } = (await import(`../cases/${name}/capture.js`)) as Case;
    captures.push({ observer: 'probe-b', file: `${name}.pcap`, bytes: capture() });
  }
  const records = captures.flatMap(({ observer, file, bytes }) => probeCapture(bytes, file, observer).records);
  await store.write(records, await detect(records));
}
