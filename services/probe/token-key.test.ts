import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadOrCreateTokenKey } from './token-key.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'telltale-key-'));

test('the key is made on first use, for its owner alone, and stays', async () => {
  const file = path.join(folder, 'made', 'token.key');
  const key = await loadOrCreateTokenKey(file);
  assert.equal(key.length, 32);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await loadOrCreateTokenKey(file), key);
});

test('two processes that start at once agree on one key', async () => {
  const file = path.join(folder, 'race.key');
  const keys = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateTokenKey(file)));
  assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 1);
});

test('a key that others may read is refused, and its content is not in the message', async () => {
  const file = path.join(folder, 'open.key');
  await loadOrCreateTokenKey(file);
  await chmod(file, 0o644);
  const content = (await readFile(file, 'utf8')).trim();
  await assert.rejects(loadOrCreateTokenKey(file), (error: Error) => /chmod 600/.test(error.message) && !error.message.includes(content));
});

test('a damaged key is refused rather than replaced', async () => {
  const file = path.join(folder, 'damaged.key');
  await writeFile(file, 'not a key\n', { mode: 0o600 });
  await assert.rejects(loadOrCreateTokenKey(file), /64 hexadecimal digits/);
  assert.equal(await readFile(file, 'utf8'), 'not a key\n');
});

test('a key that can be neither read nor made is told with what to do', async () => {
  const file = path.join(folder, 'file');
  await writeFile(file, '');
  await assert.rejects(loadOrCreateTokenKey(path.join(file, 'token.key')), /file.token\.key can be neither read nor made: a file stands where a folder is needed; .*--data, or probe\.key/);
});
