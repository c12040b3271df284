import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Files that once had the name `file`, as rotation leaves them next to it (`eve.json.1`, `eve-20260101.json`), oldest first. */
export async function rotationsOf(file: string): Promise<{ path: string; dev: number; ino: number; size: number; modifiedMillis: number }[]> {
  const folder = path.dirname(file);
  const base = path.basename(file);
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(names.filter((name) => isRotationOf(name, base)).map(async (name) => {
    const rotated = path.join(folder, name);
    const stats = await stat(rotated).catch(() => null);
    return stats?.isFile() ? [{ path: rotated, dev: stats.dev, ino: stats.ino, size: stats.size, modifiedMillis: stats.mtimeMs }] : [];
  }));
  return found.flat().toSorted((a, b) => a.modifiedMillis - b.modifiedMillis);
}

/** Names given by logrotate, Suricata, Zeek, tcpdump and dumpcap: something with a digit after the name, or before its extension. */
function isRotationOf(name: string, base: string): boolean {
  const { name: stem, ext } = path.parse(base);
  if (name === base || !name.startsWith(stem)) return false;
  return (
    /^[._-]?\d[\w.:-]*$/.test(name.startsWith(base) ? name.slice(base.length) : name.slice(stem.length)) &&
    (name.startsWith(base) || ext === '' || name.includes(ext))
  );
}
