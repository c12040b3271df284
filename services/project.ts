import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder that holds package.json, the rules, policies and dashboards; the compiled code lies below its dist/. */
export const projectRoot = findRoot(import.meta.dirname);

/** Where standalone keeps its token key, its embedded ClickHouse and its state. */
export const defaultDataFolder = path.join(projectRoot, '.telltale');

function findRoot(folder: string): string {
  if (existsSync(path.join(folder, 'package.json'))) return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
  return findRoot(parent);
}
