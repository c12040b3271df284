import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import { LocatedError } from '#geo';
import { loadDetection } from './packs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

async function folderWith(context: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'telltale-packs-'));
  context.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const rule = [
  'title: Anything to port 7', 'id: 11111111-2222-4333-8444-555555555555', 'level: low', 'logsource: { product: telltale }',
  'detection: { selection: { destination.port: 7 }, condition: selection }',
].join('\n');

test("a folder of rules and a policy of one's own replace those that ship", async (context) => {
  const folder = await folderWith(context, {
    'echo.yml': rule, 'echo.fixtures.yml': 'match: []', 'readme.md': 'no rule',
    'own.policy': "id: own\nversion: '3'\ntitle: Own\nlevel: critical\nservices: [Zoom]\nallow: { located: [eea] }\n",
  });
  const { pack, policies, versions } = await loadDetection({ root, rules: folder, policy: join(folder, 'own.policy') });
  assert.deepEqual(pack.plan.rules.map(({ title }) => title), ['Anything to port 7']);
  assert.deepEqual(policies.policies.map(({ id }) => id), ['own']);
  assert.match(versions, /policies own@3;/);
});

test('one bad rule refuses the pack and names the place', async (context) => {
  const folder = await folderWith(context, { 'good.yml': rule, 'bad.yml': rule.replace('destination.port', 'destination.prt') });
  await assert.rejects(
    loadDetection({ root, rules: folder }),
    (error) => error instanceof LocatedError && error.message.startsWith('bad.yml:5:27: error: the field "destination.prt" is unknown'),
  );
});
