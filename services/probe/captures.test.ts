import assert from 'node:assert/strict';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/folder.ts';
import { listCaptures } from './captures.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'telltale-captures-'));
await mkdir(path.join(folder, 'b'));
await writeFile(path.join(folder, 'b', 'two.pcap'), 'xx');
await writeFile(path.join(folder, 'a.pcap'), 'x');
await symlink('/nowhere', path.join(folder, 'dangling'));

test('files, folders and standard input become captures, in name order, named without their folder', async () => {
  const { inputs, unreadable } = await listCaptures([folder, path.join(folder, 'a.pcap'), '-']);
  assert.deepEqual(inputs.map(({ name, size, found }) => ({ name, size, found })), [
    { name: 'a.pcap', size: 1, found: true },
    { name: 'two.pcap', size: 2, found: true },
    { name: 'a.pcap', size: 1, found: false },
    { name: 'stdin', size: 0, found: false },
  ]);
  assert.deepEqual(unreadable, []);
});

test('an argument that names nothing is reported, and the rest stands', async () => {
  const { inputs, unreadable } = await listCaptures([path.join(folder, 'missing.pcap'), path.join(folder, 'a.pcap')]);
  assert.equal(inputs.length, 1);
  assert.deepEqual(unreadable, [{ path: path.join(folder, 'missing.pcap'), reason: 'there is no such file or folder' }]);
  await using circle = await temporaryFolder('circle');
  const link = path.join(circle.path, 'a.pcap');
  await symlink(link, link);
  assert.deepEqual((await listCaptures([link])).unreadable, [{ path: link, reason: 'its symbolic links lead in a circle' }]);
});
