import { randomBytes } from 'node:crypto';
import { link, open, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder, whyUnwritable } from '#runtime';

const keyBytes = 32;

/**
 * The key that turns identifiers into tokens (HMAC-SHA-256): 32 bytes, written as 64 hexadecimal digits.
 * Created on first use, readable by its owner only. Whoever has it can test guesses against tokens, so it never leaves the probe's host.
 *
 * @throws {Error} if the file is not a key, others may read it, or this user may neither read nor create it
 */
export async function loadOrCreateTokenKey(file: string): Promise<Buffer> {
  try {
    return await readTokenKey(file).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await makeFolder(path.dirname(file));
      await createTokenKey(file);
      return readTokenKey(file);
    });
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = syscall === undefined ? message : whyUnwritable(error);
    const remedy = 'name a folder that this user may write to (--data, or probe.key)';
    throw Object.assign(new Error(`the token key ${file} can be neither read nor made: ${reason}; ${remedy}`), { code });
  }
}

/** Written to a temporary file and linked into place, so that no other process reads half a key; if another was faster, its key is used. */
async function createTokenKey(file: string): Promise<void> {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    {
      await using handle = await open(draft, 'wx', 0o600);
      await handle.writeFile(`${randomBytes(keyBytes).toString('hex')}\n`);
      await handle.sync();
    }
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** @throws {Error} if the file is not a key, or others may read it; `ENOENT` if there is none */
export async function readTokenKey(file: string): Promise<Buffer> {
  const text = (await readFile(file, 'utf8')).trim();
  const { mode } = await stat(file);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new Error(`token key ${file} can be read by others (mode ${(mode & 0o777).toString(8)}): run chmod 600 on it`);
  }
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw new Error(
      `token key ${file} is not 64 hexadecimal digits: restore it, or remove it to start with a new key (old tokens will not match new ones)`,
    );
  return Buffer.from(text, 'hex');
}
