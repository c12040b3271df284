import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open as openFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { Journal } from './journal.ts';

interface Entry { readonly text: string }
const entries = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }).map((text): Entry => ({ text })), { minLength: 1, maxLength: 12 });

describe('journal', () => {
  let root = '';
  before(() => { root = mkdtempSync(join(tmpdir(), 'telltale-journal-')); });
  after(() => rmSync(root, { recursive: true }));
  let folders = 0;
  const newFolder = () => join(root, String(folders++));
  const fileOf = (folder: string) => join(folder, 'groups.v1.journal');

  async function open(folder: string): Promise<{ journal: Journal<Entry>; entries: Entry[] }> {
    const journal = new Journal<Entry>(folder);
    const read = await journal.read();
    await journal.rewrite(read);
    return { journal, entries: read };
  }

  async function entriesIn(folder: string): Promise<Entry[]> {
    return new Journal<Entry>(folder).read();
  }

  async function written(list: readonly Entry[]): Promise<string> {
    const folder = newFolder();
    const { journal } = await open(folder);
    for (const entry of list) await journal.append(entry);
    assert.equal(journal.size, statSync(fileOf(folder)).size);
    await journal.close();
    return folder;
  }

  test('gives back what was appended, over restarts and rewrites', async () => {
    await fc.assert(fc.asyncProperty(entries, entries, async (first, second) => {
      const folder = await written(first);
      const { journal, entries: read } = await open(folder);
      assert.deepEqual(read, first);
      for (const entry of second) await journal.append(entry);
      await journal.close();
      assert.deepEqual(await entriesIn(folder), [...first, ...second]);
    }), { numRuns: 30 });
  });

  test('cut off anywhere, as a crash does: all whole entries before the cut are there, and more can be appended', async () => {
    await fc.assert(fc.asyncProperty(entries, fc.double({ min: 0, max: 1, noNaN: true }), async (list, where) => {
      const folder = await written(list);
      const bytes = readFileSync(fileOf(folder));
      const cut = Math.floor(bytes.length * where);
      writeFileSync(fileOf(folder), bytes.subarray(0, cut));
      const whole = bytes.subarray(0, cut).toString('latin1').split('\n').length - 1;
      const { journal, entries: read } = await open(folder);
      // A cut just before a line's end leaves the entry whole.
      assert.deepEqual(read.slice(0, whole), list.slice(0, whole));
      assert(read.length <= whole + 1);
      await journal.append({ text: 'after' });
      await journal.close();
      assert.deepEqual(await entriesIn(folder), [...read, { text: 'after' }]);
    }), { numRuns: 50 });
  });

  test('one damaged byte costs at most the entries it touches, and is counted', async () => {
    await fc.assert(
      fc.asyncProperty(
        entries,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        async (list, where, flip) => {
          const folder = await written(list);
          const bytes = readFileSync(fileOf(folder));
          const at = Math.floor(bytes.length * where);
          bytes[at] = (bytes[at] ?? 0) ^ flip;
          writeFileSync(fileOf(folder), bytes);
          const { journal, entries: read } = await open(folder);
          assert(read.length >= list.length - 2);
          assert(journal.counts.corruptLines >= 1 && journal.counts.corruptLines <= 2 || read.length === list.length);
          for (const entry of read) assert(list.some(({ text }) => text === entry.text));
          await journal.close();
        },
      ),
      { numRuns: 50 },
    );
  });

  test('an unfinished rewrite leaves the old entries', async () => {
    const folder = await written([{ text: 'old' }]);
    appendFileSync(`${fileOf(folder)}.new`, 'half a li');
    const { journal, entries: read } = await open(folder);
    await journal.close();
    assert.deepEqual(read, [{ text: 'old' }]);
    assert.deepEqual(readdirSync(folder), ['groups.v1.journal']);
  });

  test('only its owner can read it', async () => {
    const folder = await written([{ text: 'x' }]);
    assert.equal(statSync(fileOf(folder)).mode & 0o777, 0o600);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  test('when another process has taken the folder over, the former one can write nothing that nobody would read', async () => {
    const folder = newFolder();
    const { journal: former } = await open(folder);
    await former.append({ text: 'one' });
    const { journal: current, entries: read } = await open(folder);
    assert.deepEqual(read, [{ text: 'one' }]);
    await assert.rejects(former.append({ text: 'lost' }), /another process has replaced or removed .*: only one alerter may use a folder/);
    await assert.rejects(former.rewrite([]), /only one alerter may use a folder/);
    await current.append({ text: 'two' });
    await Promise.all([former.close(), current.close()]);
    assert.deepEqual(await entriesIn(folder), [{ text: 'one' }, { text: 'two' }]);
  });

  test('a line that could not be written whole does not spoil the next', async (t) => {
    const folder = newFolder();
    const { journal } = await open(folder);
    await journal.append({ text: 'one' });
    await using probe = await openFile(fileOf(folder), 'r');
    const fileHandle = Object.getPrototypeOf(probe) as FileHandle;
    const failing = t.mock.method(fileHandle, 'datasync', () => Promise.reject(new Error('ENOSPC')));
    appendFileSync(fileOf(folder), 'a few bytes of a li');
    await assert.rejects(journal.append({ text: 'two' }), /ENOSPC/);
    failing.mock.restore();
    await journal.append({ text: 'three' });
    await journal.close();
    const read = await entriesIn(folder);
    assert.deepEqual(read.map(({ text }) => text).filter((text) => text !== 'two'), ['one', 'three']);
  });
});
