/**
 * How many addresses a second Geography answers, and what its tables cost. No test: run it by hand.
 *
 *   node_modules/node/bin/node --expose-gc dist/test/bench/geo.js
 *
 * Addresses are random and differ in every lookup, so that no cache or branch prediction helps: the worst case.
 * `mmdb-lib` is the baseline: the reader of one MaxMind DB, which answers one of the questions.
 */
import { Reader } from 'mmdb-lib';
import { Geography } from '#geo';
import { projectRoot } from '#runtime';
import { readGeoTables } from '../../services/detector/detection-tables.ts';
import { mulberry32 } from '../support/random.ts';

const lookups = 4_000_000;
const rounds = 5;

const tables = await readGeoTables(projectRoot);
gc();
const before = process.memoryUsage();
const started = performance.now();
const geography = new Geography(tables);
const loaded = performance.now();
gc();
const after = process.memoryUsage();
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
console.log(`opened in ${((loaded - started) / 1000).toFixed(2)} s: search tables ${mebibytes(geography.byteLength)}, `
  + `heap ${mebibytes(after.heapUsed - before.heapUsed)}, outside the heap ${mebibytes(after.arrayBuffers - before.arrayBuffers)}`);

const random = mulberry32(20_260_617);
for (let i = 0; i < 2 * lookups; i += 1) geography.lookupIpv4(random());
gc();
console.log(`heap with the places of ${2 * lookups} random IPv4 addresses: ${mebibytes(process.memoryUsage().heapUsed - before.heapUsed)}`);
const ipv4 = Uint32Array.from({ length: lookups }, random);
// Global unicast in use: 2001::/16 and 2400::/6 to 2c00::/6.
const blocks = [0x2001, 0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00];
const ipv6 = Array.from({ length: lookups / 4 }, () =>
  Uint32Array.of((blocks[random() % 6]! + (random() % 16)) * 0x10000 + (random() & 0xffff), random(), random(), random()),
);
const texts4 = Array.from(ipv4.subarray(0, lookups / 4), (word) => `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`);
const texts6 = ipv6.map((words) => Array.from(words, (word) => `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`).join(':'));
const reader = new Reader(('mmdb' in tables.located[0]! ? Buffer.from(tables.located[0].mmdb[0]!) : Buffer.alloc(0)));

let sink = 0;
measure('IPv4, number', ipv4.length, () => { for (let i = 0; i < ipv4.length; i += 1) sink += geography.lookupIpv4(ipv4[i]!).asn; });
measure('IPv6, words', ipv6.length, () => { for (let i = 0; i < ipv6.length; i += 1) sink += geography.lookupIpv6(ipv6[i]!).asn; });
measure('IPv4, text', texts4.length, () => { for (let i = 0; i < texts4.length; i += 1) sink += geography.lookup(texts4[i]!).asn; });
measure('IPv6, text', texts6.length, () => { for (let i = 0; i < texts6.length; i += 1) sink += geography.lookup(texts6[i]!).asn; });
measure('baseline: mmdb-lib, IPv4 text, one table', texts4.length / 4, () => {
  for (let i = 0; i < texts4.length / 4; i += 1) sink += reader.get(texts4[i]!) === null ? 0 : 1;
});
if (sink === 0) console.log('nothing was found');

/** The median of the rounds, and their span. */
function measure(name: string, count: number, run: () => void): void {
  run();
  const rates = Array.from({ length: rounds }, () => {
    const begin = performance.now();
    run();
    return count / (performance.now() - begin) / 1_000;
  }).toSorted((a, b) => a - b);
  console.log(`${name.padEnd(42)} ${rates[rounds >> 1]!.toFixed(2).padStart(7)} M/s  (${rates[0]!.toFixed(2)} to ${rates.at(-1)!.toFixed(2)})`);
}


function gc(): void {
  (globalThis as { gc?: () => void }).gc?.();
}
