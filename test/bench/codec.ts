/**
 * Size and speed of codecs for a batch of flow records: `node dist/test/bench/codec.js [rounds] [records per batch]`.
 * Prints one line per codec; times are medians over rounds that alternate between the codecs, ratios are against #wire.
 */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { candidates, type Candidate } from './codec/candidates.ts';
import { realisticRecords } from './codec/records.ts';

const rounds = Number(process.argv[2] ?? 15);
const batchSize = Number(process.argv[3] ?? 2_000);
const records = realisticRecords(batchSize);

interface Measured { candidate: Candidate; bytes: Buffer; encode: number[]; decode: number[] }

const measured: Measured[] = candidates.map((candidate) => ({ candidate, bytes: candidate.encode(records), encode: [], decode: [] }));
const expected = JSON.stringify(records);
for (const { candidate, bytes } of measured) {
  assert.ok(JSON.stringify(candidate.decode(bytes)) === expected, `${candidate.name} does not round-trip`);
}

for (let round = -5; round < rounds; round++) {
  for (const { candidate, bytes, encode, decode } of measured) {
    const encoded = seconds(() => candidate.encode(records));
    const decoded = seconds(() => candidate.decode(bytes));
    if (round < 0) continue;
    encode.push(encoded);
    decode.push(decoded);
  }
}

const base = measured.at(-1)!;
console.table(Object.fromEntries(measured.map(({ candidate, bytes, encode, decode }) => [candidate.name, {
  'bytes/record': round(bytes.length / batchSize),
  'gzipped': round(gzipSync(bytes).length / batchSize),
  'encode, k records/s': round(batchSize / median(encode) / 1000),
  'decode, k records/s': round(batchSize / median(decode) / 1000),
  'size ratio': round(bytes.length / base.bytes.length),
  'encode time ratio': round(median(encode) / median(base.encode)),
  'decode time ratio': round(median(decode) / median(base.decode)),
  'both ratio': round((median(encode) + median(decode)) / (median(base.encode) + median(base.decode))),
}])));

// What it costs to refuse five bytes that claim four million items.
const claim = Buffer.from([0x80, 0xa4, 0xe8, 0x03, 0x00]);
for (const name of ['avsc', '#wire']) {
  const { candidate } = measured.find((each) => each.candidate.name === name)!;
  const before = process.memoryUsage().rss;
  const took = seconds(() => assert.throws(() => candidate.decode(name === '#wire' ? Buffer.concat([Buffer.of(1, 0), claim]) : claim)));
  const more = process.memoryUsage().rss - before;
  console.log(`hostile claim, ${name}: refused after ${Math.round(took * 1000)} ms, ${Math.round(more / 1e6)} MB more`);
}

function seconds(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
