import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import { createFlowRecord, type Finding } from '#flow';
import { PackWatcher } from './pack-watcher.ts';
import { loadDetection } from './packs.ts';
import { folderState } from './rule-folder.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const rule = (title: string, port: number): string => [
  `title: ${title}`, `id: 11111111-2222-4333-8444-${String(port).padStart(12, '0')}`, 'level: low', 'logsource: { product: telltale }',
  `detection: { selection: { destination.port: ${port} }, condition: selection }`,
].join('\n');

async function watched(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'telltale-rules-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  await write('a.yml', rule('A', 7));
  const loaded = await loadDetection({ root, rules: folder });
  const logged: string[] = [];
  const watcher = new PackWatcher(loaded, {
    root,
    folder,
    intervalMillis: 1_000_000,
    logger: {
      info: () => {},
      error: (_: unknown, message?: string) => {
        logged.push(`${message} ${JSON.stringify(_)}`);
      },
    } as never,
  });
  const look = async (): Promise<void> => {
    await watcher.look();
    await watcher.look();
  };
  const findings = (port: number): Finding[] =>
    loaded.detection.detect([
      Object.assign(createFlowRecord(), { 'event.id': 'e', '@timestamp': Date.UTC(2026, 0, 1) * 1_000, 'destination.port': port }),
    ]);
  return { folder, write, watcher, look, findings, logged, detection: loaded.detection };
}

test('changed rules are taken without a restart, and findings carry the version', async (context) => {
  const { write, look, findings, watcher } = await watched(context);
  await look();
  const [before] = findings(7);
  await write('b.yml', rule('B', 8));
  await watcher.look();
  assert.deepEqual(findings(8), [], 'a folder that may still change is not taken');
  await watcher.look();
  assert.deepEqual(findings(8).map((finding) => finding['rule.name']), ['B']);
  assert.notEqual(findings(7)[0]!['telltale.versions'], before!['telltale.versions']);
  assert.match(findings(7)[0]!['telltale.versions'], /^rules [0-9a-f]{8}; policies /);
  assert.deepEqual(watcher.counters, { reloads: 1, reloadsRefused: 0 });
});

test('rules with an error are refused as a whole, told with their place and counted, once per change', async (context) => {
  const { write, look, findings, watcher, logged } = await watched(context);
  await look();
  await write('a.yml', rule('A2', 7));
  await write('b.yml', rule('B', 8).replace('destination.port', 'destination.prt'));
  await look();
  await look();
  assert.deepEqual([...findings(7), ...findings(8)].map((finding) => finding['rule.name']), ['A']);
  assert.deepEqual(watcher.counters, { reloads: 0, reloadsRefused: 1 });
  assert.equal(logged.length, 1);
  assert.match(logged[0]!, /b\.yml:5:27: error: the field/);
  await write('b.yml', rule('B', 8));
  await look();
  assert.deepEqual([...findings(7), ...findings(8)].map((finding) => finding['rule.name']), ['A2', 'B']);
});

test('changed placeholders are taken as changed rules are', async (context) => {
  const { write, look, findings, watcher } = await watched(context);
  await write('a.yml', rule('A', 7).replace('destination.port: 7', "destination.port|expand: '%echo%'"));
  await write('placeholders.yml', 'echo: [7]');
  await look();
  const [before] = findings(7);
  await write('placeholders.yml', 'echo: [8]');
  await look();
  assert.deepEqual([findings(7).length, findings(8).length, watcher.counters.reloads], [0, 1, 2]);
  assert.notEqual(findings(8)[0]!['telltale.versions'], before!['telltale.versions']);
});

test('a rule that could not be read is looked at again when its rights change', async (context) => {
  const { folder } = await watched(context);
  const before = await folderState(folder);
  await chmod(join(folder, 'a.yml'), 0o600);
  assert.notEqual(await folderState(folder), before);
});

test('a folder that is gone leaves the rules in use', async (context) => {
  const { folder, look, findings, watcher } = await watched(context);
  await look();
  await rm(folder, { recursive: true });
  await look();
  assert.equal(findings(7).length, 1);
  assert.equal(watcher.counters.reloadsRefused, 1);
});

test('an exception keeps hits from being findings until it expires, and counts them', async (context) => {
  const { folder, write, look, findings, detection } = await watched(context);
  await look();
  await mkdir(join(folder, 'exceptions'));
  const exception = (expires: string): string =>
    `title: Lab\nmatch: { destination.port: 7 }\nowner: netops\nreason: echo tests in the lab\nexpires: ${expires}\n`;
  await write('exceptions/lab.yml', exception('2026-01-01'));
  await look();
  assert.deepEqual(findings(7), []);
  assert.deepEqual([...detection.counters.suppressed], [['Lab', 1]]);
  await write('exceptions/lab.yml', exception('2025-12-31'));
  await look();
  assert.equal(findings(7).length, 1);
});
