import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { projectRoot } from '#runtime';

const data = mkdtempSync(path.join(tmpdir(), 'telltale-watchlist-'));
after(() => rmSync(data, { recursive: true, force: true }));

function watchlist(input: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [path.join(projectRoot, 'dist', 'services', 'cli', 'main.js'), 'watchlist', ...args, '--data', data], {
    input,
    encoding: 'utf8',
  });
}

test('values are added, listed, removed and deleted, and stand in no file', () => {
  const added = watchlist('jane.doe@example.org\n471142983\n\n', 'add', 'people');
  assert.deepEqual([added.status, added.stderr], [0, 'people: 2 values added, so that it has 2 (1 email, 1 watched_value)\n']);
  const file = readFileSync(path.join(data, 'watchlists', 'people.jsonl'), 'utf8');
  assert.ok(!/jane|example|471142983/.test(file));
  assert.equal(watchlist('471142983\n', 'add', 'people').stderr, 'people: 0 values added, so that it has 2 (1 email, 1 watched_value)\n', 'again');
  assert.equal(watchlist('4711\n', 'add', 'devices', '--kind', 'imei').status, 2);
  assert.equal(watchlist('', 'list').stdout, 'people                         2 values  1 email, 1 watched_value\n');
  assert.equal(watchlist('471142983\n', 'remove', 'people').stderr, 'people: 1 value removed, so that it has 1\n');
  assert.equal(watchlist('', 'delete', 'people').status, 0);
  assert.deepEqual([watchlist('', 'list').stdout, watchlist('', 'delete', 'people').status], ['', 2]);
});

test('a key that is named must be there: a new one would match nothing', () => {
  const { status, stderr } = watchlist('jane.doe@example.org\n', 'add', 'people', '--key', path.join(data, 'other', 'token.key'));
  assert.equal(status, 2);
  assert.match(stderr, /no token key at .*other/);
  assert.ok(!existsSync(path.join(data, 'other')));
});

test('what cannot be watched is named by its line, and nothing is changed', () => {
  const { status, stderr } = watchlist('jane.doe@example.org\nno-address\nabc\n', 'add', 'people', '--kind', 'email');
  assert.equal(status, 2);
  assert.match(stderr, /nothing was changed:\nstdin:2: the value is not a valid email\nstdin:3: the value is too short/);
  assert.ok(!stderr.includes('no-address'));
  for (const args of [['add'], ['add', 'Big List'], ['eat', 'people'], ['add', 'a', 'b']])
    assert.equal(watchlist('x\n', ...args).status, 2, args.join(' '));
});
