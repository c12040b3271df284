import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import { createFlowRecord } from '#flow';
import { Metrics } from '#runtime';
import { GeoTableWatcher, reportGeoTables } from './detection-tables.ts';
import { loadDetection, watchGeoTables } from './packs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

async function anycastFile(context: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'telltale-geo-'));
  context.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'anycast.csv');
  await writeFile(file, text);
  return file;
}

test('changed tables are taken into use while records flow: each is looked up, none is lost; unreadable ones change nothing', async (context) => {
  const anycast = await anycastFile(context, '# version: 1\n1.1.1.0/24\n');
  const files = { root, geo: { anycast } };
  const loaded = await loadDetection(files);
  const warnings: string[] = [];
  const watcher = watchGeoTables(loaded, files, { checkMillis: 3_600_000, warn: (message) => warnings.push(message) });
  await watcher.start();
  context.after(() => watcher.stop());
  const peer = (): [string, string] => {
    const record = createFlowRecord();
    record['source.ip'] = '10.0.0.1';
    record['destination.ip'] = record['telltale.peer.ip'] = '52.81.151.250';
    loaded.detection.detect([record]);
    return [record['telltale.peer.anycast'], record['telltale.peer.operated']];
  };
  assert.deepEqual(peer(), ['', 'CN']);
  await watcher.check();
  assert.equal(watcher.counters.reloads, 0, 'nothing has changed');

  await writeFile(anycast, '# version: 2\n52.81.0.0/16,52.81.0.1\n');
  let answered = 0;
  let done = false;
  const checking = watcher.check().then(() => { done = true; });
  while (!done) {
    assert.equal(peer()[1], 'CN');
    answered++;
    await new Promise(setImmediate);
  }
  await checking;
  assert.ok(answered > 0);
  assert.deepEqual([peer(), watcher.counters], [['52.81.0.0/16', 'CN'], { reloads: 1, failures: 0 }]);

  await writeFile(anycast, 'no prefix\n');
  await watcher.check();
  assert.deepEqual([peer(), watcher.counters], [['52.81.0.0/16', 'CN'], { reloads: 1, failures: 1 }]);
  assert.match(
    warnings.at(-1)!,
    /^the changed geo tables cannot be used, and the previous ones stay in use: anycast\.csv:1:1: error: "no prefix" is not a prefix/,
  );
  await utimes(anycast, 1, 1);
  await writeFile(anycast, '1.1.1.0/24\n');
  await watcher.check();
  assert.deepEqual([peer()[0], watcher.counters.reloads], ['', 2], 'the next good file is taken');
});

test('the age of each table is a metric, and an old one a warning', async (context) => {
  const loaded = await loadDetection({ root });
  const built = loaded.geography.tables[0]!.built!.getTime();
  for (const [days, warned] of [[60, 0], [61, 1]] as const) {
    const warnings: string[] = [];
    const watcher = new GeoTableWatcher({
      root, files: {}, geography: loaded.geography, replace: () => {}, warn: (message) => warnings.push(message), checkMillis: 3_600_000,
      now: () => built + days * 86_400_000,
    });
    await watcher.start();
    context.after(() => watcher.stop());
    assert.equal(watcher.warning()?.includes(`dbip-city (${days} days)`) ?? false, warned === 1);
    assert.equal(warnings.filter((text) => text.includes(`dbip-city (${days} days)`)).length, warned);
    const metrics = new Metrics({ process: false });
    reportGeoTables(metrics, watcher);
    assert.match(await metrics.scrape(), new RegExp(`telltale_geo_table_age_days\\{table="dbip-city"\\} ${days}\\b`));
  }
});
