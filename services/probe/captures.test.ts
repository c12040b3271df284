import assert from 'node:assert/strict';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { listCaptures, unpacked } from './captures.ts';

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
  assert.deepEqual(unreadable, [{ path: path.join(folder, 'missing.pcap'), reason: 'no such file or folder' }]);
});

test('what is packed is unpacked, in whatever pieces a pipe hands it over', async () => {
  async function* pieces(bytes: Buffer, ...sizes: number[]): AsyncGenerator<Buffer, undefined> {
    let at = 0;
    for (const size of sizes) yield bytes.subarray(at, (at += size));
    if (at < bytes.length) yield bytes.subarray(at);
  }
  const content = Buffer.from('a capture, or a log\n'.repeat(100));
  for (const written of [content, gzipSync(content), zstdCompressSync(content)]) {
    for (const sizes of [[], [1], [1, 1, 1, 1], [3, 20]]) assert.deepEqual(await buffer(unpacked(pieces(written, ...sizes))), content);
  }
  for (const short of ['', 'x', 'xyz']) assert.equal((await buffer(unpacked(pieces(Buffer.from(short), 1)))).toString(), short);
});
