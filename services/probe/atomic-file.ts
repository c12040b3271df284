import { open, rename, rm } from 'node:fs/promises';

/**
 * Replaces a file atomically: whenever the process is killed, and whoever else writes it, the file has either its old or its new content. It is
 * readable by its owner only.
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
