import assert from 'node:assert/strict';
import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/folder.ts';
import { makeFolder, makeWritableFolder } from './runtime.ts';

test('a folder is made with those above it, by several at once, and may be there already', async () => {
  await using folder = await temporaryFolder('make-folder');
  const deep = join(folder.path, 'a', 'b', 'c');
  await Promise.all([makeFolder(deep, 0o700), makeFolder(deep, 0o700), makeFolder(join(folder.path, 'a', 'b'), 0o700)]);
  assert.equal((await stat(deep)).mode & 0o777, 0o700);
  await makeWritableFolder(deep);
});

test('a file in the way is said, with the folder that was wanted', async () => {
  await using folder = await temporaryFolder('make-folder');
  const file = join(folder.path, 'file');
  await writeFile(file, '');
  for (const wanted of [file, join(file, 'below'), join(file, 'far', 'below')])
    await assert.rejects(makeFolder(wanted), { message: `the folder ${wanted} cannot be made: a file stands where a folder is needed` });
});

test('a file system that has no room for a folder is an answer, not a wait without end', { skip: process.platform !== 'linux' }, async () => {
  for (const wanted of ['/proc/telltale', '/proc/telltale/below'])
    await assert.rejects(makeFolder(wanted), new RegExp(`the folder ${wanted} cannot be made: (the file system does not allow it|this user is not)`));
});

test('a folder that may not be written to is said', { skip: process.getuid?.() === 0 && 'root may write anywhere' }, async () => {
  await using folder = await temporaryFolder('make-folder');
  await chmod(folder.path, 0o500);
  await assert.rejects(makeWritableFolder(folder.path), { message: `the folder ${folder.path} cannot be written to: this user is not allowed to` });
});
