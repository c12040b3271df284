import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnOf, flowFields, type FlowRecord, type Observable } from '#flow';
import { tables } from './columns.ts';
import { RowBinaryEncoder, UnencodableValue } from './row-binary.ts';
import { flowRecord, temporaryStore } from './testing.ts';

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 80 }));
const count = fc.maxSafeNat();
const observable: fc.Arbitrary<Observable> = fc.record({
  kind: text, path: text, encoding: text, visibility: fc.constantFrom('cleartext', 'inspected'), confidence: fc.nat(100),
  mask: text, token: text, sender: fc.constantFrom('source', 'destination'), frame: count, watchlist: text,
});
const valueOf = {
  string: text,
  strings: fc.array(text, { maxLength: 5 }),
  count,
  micros: fc.integer({ min: 0, max: Date.UTC(2200, 1) * 1000 }), // DateTime64(6) ends in 2299
  observables: fc.array(observable, { maxLength: 4 }),
};
const values = fc.record(Object.fromEntries(Object.entries(flowFields).map(([name, { type }]) => [name, valueOf[type] as fc.Arbitrary<unknown>])));

test('ClickHouse reads back what was encoded', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  const records = fc.sample(values, 200).map((value, index) => ({ ...(value as unknown as FlowRecord), 'event.id': String(index) }));
  await store.write(records, []);

  const columns = Object.entries(flowFields).map(([name, { type }]) => {
    const column = columnOf(name);
    if (type === 'micros') return `toString(toUnixTimestamp64Micro(${column})) AS ${column}`;
    return type === 'observables' ? `${column}.kind, ${column}.path, ${column}.token, ${column}.frame, ${column}.confidence` : column;
  });
  const rows = await store.query<Record<string, unknown>>(`SELECT ${columns.join(', ')} FROM flows FINAL ORDER BY toUInt32(event_id)`);
  assert.equal(rows.length, records.length);
  for (const [index, row] of rows.entries()) assert.deepEqual(row, expected(records[index]!));
});

function expected(record: FlowRecord): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [name, { type }] of Object.entries(flowFields)) {
    const column = columnOf(name);
    const value = record[name as keyof FlowRecord];
    if (type === 'micros') row[column] = String(value);
    else if (type !== 'observables') row[column] = wellFormed(value);
    else
      for (const member of ['kind', 'path', 'token', 'frame', 'confidence'] as const)
        row[`${column}.${member}`] = (value as Observable[]).map((each) => wellFormed(each[member]));
  }
  return row;
}

/** UTF-8 has no lone surrogates; they are stored as U+FFFD. */
function wellFormed(value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : Array.isArray(value) ? value.map(wellFormed) : value;
}

test('a value that does not fit its field is refused by name, without the value, and leaves the other rows', () => {
  const encoder = new RowBinaryEncoder();
  encoder.row(tables.flows, flowRecord(1));
  const before = Buffer.from(encoder.bytes());
  for (const [field, value] of [
    ['source.bytes', -1], ['source.bytes', 1.5], ['source.bytes', 2 ** 53], ['@timestamp', Number.NaN], ['url.path', 42],
    ['url.path', undefined], ['dns.resolved_ip', 'one'], ['dns.resolved_ip', [1]], ['telltale.observables', [{ kind: 7 }]],
  ] as const) {
    assert.throws(() => encoder.row(tables.flows, { ...flowRecord(2), [field]: value }),
      (error) => error instanceof UnencodableValue && error.field === field && !/42|1\.5|9007/.test(error.message), `${field} ${String(value)}`);
    assert.deepEqual(encoder.bytes(), before);
  }
});
