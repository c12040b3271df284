import path from 'node:path';
import { projectRoot } from '#runtime';

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
