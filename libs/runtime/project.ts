import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Root folder of the project: the nearest ancestor of this file with a package.json. YAML, SQL and pages are read from there. */
export const projectRoot: string = nearestPackage(import.meta.dirname);

/** Version of Telltale. */
export const version: string = (JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string }).version;

function nearestPackage(folder: string): string {
  return existsSync(join(folder, 'package.json')) || dirname(folder) === folder ? folder : nearestPackage(dirname(folder));
}
