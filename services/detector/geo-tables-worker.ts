import { parentPort, workerData } from 'node:worker_threads';
import { readGeoTables, type GeoFiles } from './detection-tables.ts';

/** Reads the geo tables on a separate thread and transfers their memory, so that nothing waits for the parsing. */
const { root, files } = workerData as { root: string; files: GeoFiles };
const tables = await readGeoTables(root, files);
const memory = [...tables.located, ...tables.registered, tables.networks].flatMap((table) => ('mmdb' in table
  ? table.mmdb.map(({ buffer }) => buffer)
  : [table.csv.ipv4, table.csv.ipv6].flatMap(({ starts, ends, values }) => [starts.buffer, ends.buffer, values.buffer])));
parentPort!.postMessage(tables, memory as ArrayBuffer[]);
