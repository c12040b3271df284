import { randomUUID } from 'node:crypto';
import { rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '#runtime';
import { demonstrationCapture } from './demonstration.ts';

/**
 * Writes the demonstration, starting a few minutes ago, to `file` unless that exists. From then on its packets, and thus all ids,
 * stay the same, so that replaying it adds nothing.
 */
export async function ensureDemonstration(file: string): Promise<void> {
  const exists = await stat(file).then(() => true, () => false);
  if (exists) return;
  await makeFolder(path.dirname(file));
  const minutesAgo = 5;
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, demonstrationCapture((Math.floor(Date.now() / 1000) - minutesAgo * 60) * 1_000_000));
  await rename(draft, file);
}
