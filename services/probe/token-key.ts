import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

const keyBytes = 32;

/**
 * The key that turns identifiers into tokens (HMAC-SHA-256): 32 bytes, written as 64 hexadecimal digits.
 * Made on first use, readable by its owner alone. Who has it can test guesses against tokens, so it never leaves the probe's host.
 *
 * @throws {Error} when the file is no key, or others may read it
 */
export async function loadOrCreateTokenKey(file: string): Promise<Buffer> {
  try {
    return await readTokenKey(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await mkdir(path.dirname(file), { recursive: true });
  const key = randomBytes(keyBytes);
  try {
    await using handle = await open(file, 'wx', 0o600);
    await handle.writeFile(`${key.toString('hex')}\n`);
    await handle.sync();
    return key;
  } catch (error) {
    // Another process made it in the meantime: its key counts.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readTokenKey(file);
    throw error;
  }
}

async function readTokenKey(file: string): Promise<Buffer> {
  const text = (await readFile(file, 'utf8')).trim();
  const { mode } = await stat(file);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new Error(`token key ${file} can be read by others (mode ${(mode & 0o777).toString(8)}): run chmod 600 on it`);
  }
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new Error(`token key ${file} is not 64 hexadecimal digits: restore it, or remove it to start with a new key (old tokens will not match new ones)`);
  return Buffer.from(text, 'hex');
}
