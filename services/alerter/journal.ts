import { open, readFile, rename, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { makeFolder } from '#runtime';

export class JournalCounts {
  writes = 0;
  compactions = 0;
  /** Lines that could not be parsed: a line cut short by a crash, or damage. */
  corruptLines = 0;
}

const fileName = 'groups.v1.journal';

/**
 * An append-only file of JSON entries, one per line, each preceded by its CRC-32 (8 hexadecimal digits).
 *
 * An entry is on disk when `append` resolves. A line that was cut short by a crash, or is damaged, is skipped and counted;
 * those around it are read. Calls must not overlap. A process that opens the folder takes it over: the previous one can then no longer
 * write, since nobody would read it.
 */
export class Journal<Entry> {
  readonly counts = new JournalCounts();
  readonly #folder: string;
  #file: FileHandle | undefined;
  #size = 0;
  /** The last write failed and may have left part of a line. */
  #torn = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#size;
  }

  /** The entries in the order in which they were written. Afterwards, `rewrite` makes the journal ready for new ones. */
  async read(): Promise<Entry[]> {
    await makeFolder(this.#folder, 0o700);
    return this.#parse(await readIfPresent(this.#path));
  }

  async append(entry: Entry): Promise<void> {
    const file = this.#file;
    if (!file) throw new Error(`the journal ${this.#path} is not open`);
    await this.#assertInPlace(file);
    const line = `${this.#torn ? '\n' : ''}${lineOf(entry)}`;
    this.#torn = true;
    await file.appendFile(line);
    await file.datasync();
    this.#torn = false;
    this.#size += Buffer.byteLength(line);
    this.counts.writes++;
  }

  /** Replaces all entries atomically: after a crash, the file has either the old ones or the new ones. */
  async rewrite(entries: Iterable<Entry>): Promise<void> {
    if (this.#file) await this.#assertInPlace(this.#file);
    const path = `${this.#path}.new`;
    const file = await open(path, 'w', 0o600);
    let size = 0;
    try {
      for (const entry of entries) {
        const line = lineOf(entry);
        await file.appendFile(line);
        size += Buffer.byteLength(line);
      }
      await file.datasync();
      await rename(path, this.#path);
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.#file?.close();
    this.#file = file;
    this.#size = size;
    this.#torn = false;
    await syncFolder(this.#folder);
    this.counts.compactions++;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #assertInPlace(file: FileHandle): Promise<void> {
    const [ours, current] = await Promise.all([file.stat(), stat(this.#path).catch(() => undefined)]);
    if (ours.ino !== current?.ino) throw new Error(`another process has replaced or removed ${this.#path}: only one alerter may use a folder`);
  }

  get #path(): string {
    return join(this.#folder, fileName);
  }

  #parse(text: string): Entry[] {
    const entries: Entry[] = [];
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const json = line.slice(9);
      if (line.slice(0, 9) === `${checksum(json)} `) entries.push(JSON.parse(json) as Entry);
      else this.counts.corruptLines++;
    }
    return entries;
  }
}

function lineOf(entry: unknown): string {
  const json = JSON.stringify(entry);
  return `${checksum(json)} ${json}\n`;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

async function readIfPresent(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** A rename is on disk only once its folder is synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
