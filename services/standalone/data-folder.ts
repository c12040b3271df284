import path from 'node:path';
import { projectRoot } from '#runtime';

/** Where standalone and scans keep the token key, the embedded ClickHouse and their state, unless told otherwise. */
export const defaultDataFolder = path.join(projectRoot, '.telltale');

export function dataFolder(folder: string): { tokenKey: string; clickhouse: string; alerter: string; demonstration: string; templates: string; positions: string } {
  return {
    tokenKey: path.join(folder, 'token.key'),
    clickhouse: path.join(folder, 'clickhouse'),
    alerter: path.join(folder, 'alerter'),
    templates: path.join(folder, 'templates.json'),
    positions: path.join(folder, 'positions.json'),
    demonstration: path.join(folder, 'demonstration.pcap'),
  };
}
