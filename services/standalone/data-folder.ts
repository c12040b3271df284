import path from 'node:path';
import { makeWritableFolder, projectRoot } from '#runtime';

/** Where standalone and scans keep the token key, the embedded ClickHouse and their state, unless told otherwise. */
export const defaultDataFolder = path.join(projectRoot, '.telltale');

export function dataFolder(
  folder: string,
): Record<'tokenKey' | 'watchlists' | 'clickhouse' | 'alerter' | 'templates' | 'positions' | 'demonstration', string> {
  return {
    tokenKey: path.join(folder, 'token.key'),
    watchlists: path.join(folder, 'watchlists'),
    clickhouse: path.join(folder, 'clickhouse'),
    alerter: path.join(folder, 'alerter'),
    templates: path.join(folder, 'templates.json'),
    positions: path.join(folder, 'positions.json'),
    demonstration: path.join(folder, 'demonstration.pcap'),
  };
}

/** Makes the data folder unless it is there. @throws {Error} when it cannot be made or written to, which says what to do */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await makeWritableFolder(folder);
  } catch (error) {
    throw new Error(`${(error as Error).message}. Choose another data folder (--data, TELLTALE_STANDALONE_DATA).`);
  }
}
