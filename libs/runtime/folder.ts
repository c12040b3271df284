import { access, constants, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

const words: Readonly<Record<string, string>> = {
  ENOENT: 'the file system does not allow it',
  ENOTDIR: 'a file stands where a folder is needed',
  EEXIST: 'a file stands where a folder is needed',
  EACCES: 'this user is not allowed to',
  EPERM: 'this user is not allowed to',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the quota of this user is used up',
};

/** Why the system does not let a file or folder be made or written, in words. */
export function whyUnwritable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return words[code ?? ''] ?? message;
}

/**
 * Makes a folder, with those above it that are missing; one that exists is fine. Not `mkdir` with `recursive`: where a file system answers
 * ENOENT although the folder above is there, as /proc does, Node 24 would try again for ever.
 *
 * @throws {Error} that names the folder and the reason, with the system's `code`
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await make(path.resolve(folder), mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(`the folder ${folder} cannot be made: ${whyUnwritable(error)}`), { code });
  }
}

async function make(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (await isFolder(folder)) return;
    const parent = path.dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error;
    if (!await isFolder(parent)) await make(parent, mode);
    // Once more at most, since the folder above may be there only now: whatever still fails is the answer.
    await mkdir(folder, { mode }).catch(async (again: unknown) => {
      if (!await isFolder(folder)) throw again;
    });
  }
}

async function isFolder(place: string): Promise<boolean> {
  return stat(place).then((found) => found.isDirectory(), () => false);
}

/**
 * Makes a folder, and checks that this user may write in it.
 *
 * @throws {Error} that names the folder and the reason, with the system's `code`
 */
export async function makeWritableFolder(folder: string): Promise<void> {
  await makeFolder(folder);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(`the folder ${folder} cannot be written to: ${whyUnwritable(error)}`), { code });
  }
}
