import { open, rename, rm } from 'node:fs/promises';

/**
 * Writes a file so that, whenever the process is killed, either the old content stands there or the new one, whoever else writes it; readable by its
 * owner alone.
 */
export async function writeAtomically(file: string, content: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  try {
    {
      await using handle = await open(draft, 'w', 0o600);
      await handle.writeFile(content);
      await handle.sync();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
