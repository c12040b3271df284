import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { createFlowRecord, flowFields, type FieldDefinition, type FlowRecord, type Observable } from '#flow';
import { BatchWriter, decodeBatch, encodeBatch, limits, WireError } from '#wire';
import { columnsOf, type Row } from './columns.ts';
import { decodeRows, schemaOf } from './decode.ts';
import { RowEncoder } from './encode.ts';

// Few distinct values, so that the dictionary, runs and constant columns occur; all of Unicode, so that lengths in bytes matter.
const someTexts = fc.constantFrom('', 'a', 'tcp', '10.0.0.1', 'é', '😀');
const text = fc.oneof({ weight: 3, arbitrary: someTexts }, fc.string({ unit: 'binary', maxLength: 40 }));
const someCounts = fc.constantFrom(0, 1, 127, 128, 443, Number.MAX_SAFE_INTEGER);
const count = fc.oneof({ weight: 2, arbitrary: someCounts }, fc.maxSafeNat());
const observable: fc.Arbitrary<Observable> = fc.record({
  kind: text, path: text, encoding: text, visibility: fc.constantFrom('cleartext', 'inspected'), confidence: count, mask: text, token: text,
  sender: fc.constantFrom('source', 'destination'), frame: count, watchlist: text,
}, { noNullPrototype: true });
const valueOf = {
  string: text, strings: fc.array(text, { maxLength: 4 }), count, micros: count, observables: fc.array(observable, { maxLength: 4 }),
};

const probeFields = Object.entries(flowFields).filter(([, { by }]) => by === 'probe');
const probeValues = fc.record(
  Object.fromEntries(probeFields.map(([name, { type }]) => [name, valueOf[type] as fc.Arbitrary<unknown>])),
  { requiredKeys: [], noNullPrototype: true },
);
const records = fc.array(probeValues.map((values) => Object.assign(createFlowRecord(), values)), { maxLength: 30 });

function example(): FlowRecord {
  return Object.assign(createFlowRecord(), {
    'event.id': 'ab12', '@timestamp': 1_760_000_000_000_001, 'source.ip': '10.0.0.1', 'source.port': 50_000, 'url.query': 'uid={user_id}',
    'dns.resolved_ip': ['192.0.2.1', '192.0.2.2'],
    'telltale.observables': [{
      kind: 'user_id', path: 'url.query.uid', encoding: '', visibility: 'cleartext', confidence: 80,
      mask: '12****9', token: 'tk1.x.y', sender: 'source', frame: 7, watchlist: '',
    }],
  } satisfies Partial<FlowRecord>);
}

/** The same batch with its body uncompressed, so that a changed byte reaches the reader. */
function uncompressed(batch: Buffer): Buffer {
  return batch[1] === 0 ? batch : Buffer.concat([Buffer.of(batch[0]!, 0), zstdDecompressSync(batch.subarray(2))]);
}

function errorOf(bytes: Uint8Array): WireError {
  try {
    decodeBatch(bytes);
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  return assert.fail('decoded');
}

test('what is encoded is decoded', () => {
  fc.assert(fc.property(records, (batch) => assert.deepEqual(decodeBatch(encodeBatch(batch)), batch)));
});

test('an empty batch and one of zero values keep their number of records', () => {
  assert.deepEqual(decodeBatch(encodeBatch([])), []);
  assert.deepEqual(decodeBatch(encodeBatch([createFlowRecord(), createFlowRecord()])), [createFlowRecord(), createFlowRecord()]);
});

test('decoded records share neither lists nor items', () => {
  const [first, second] = decodeBatch(encodeBatch([example(), example()]));
  (first!['dns.resolved_ip'] as string[]).push('changed');
  first!['telltale.observables'][0]!.kind = 'changed';
  assert.deepEqual(second, example());
});

test('what the detector adds does not cross the wire', () => {
  const enriched = Object.assign(example(), { 'telltale.service': 'zoom', 'destination.as.number': 45102 });
  assert.deepEqual(decodeBatch(encodeBatch([enriched])), [example()]);
});

test('a lone surrogate becomes U+FFFD', () => {
  const [record] = decodeBatch(encodeBatch([Object.assign(createFlowRecord(), { 'url.path': 'a\ud800b' })]));
  assert.equal(record!['url.path'], 'a\ufffdb');
});

test('the format of version 1 does not change', () => {
  const written = Buffer.from(`
    AQABCwQIDQkJBw0JBwcGYWIxMjEwLjAuMC4xdWlkPXt1c2VyX2lkfTE5Mi4wLjIuMTE5Mi4wLjIuMnVzZXJfaWR1cmwucXVlcnkudWlkY2xlYXJ0ZXh0MTIq
    KioqOXRrMS54Lnlzb3VyY2UQKIqWXAMBAAETJLXiCQGCgPDsva2gBisk2nADAQEBtAR3wwQB0IYDOlwEVQMBAgFPxfXAAgECJ4b2qwQAAwEBRqp9kwIBAVVU
    SkkDAQUBzxvEFgMBBgFiZQ6jAwEHAQeFI5sCAVADBbRhAwEIARCm/IYDAQkBPOKbfgMBCgEbuN2eAgEH`, 'base64');
  assert.deepEqual(decodeBatch(written), [example()]);
});

test('a batch written record by record is the one written of all of them', () => {
  fc.assert(fc.property(records, (batch) => {
    const writer = new BatchWriter(batch.length + 1);
    for (const round of [1, 2]) {
      for (const record of batch) writer.add(record);
      assert.equal(writer.length, batch.length);
      assert.deepEqual(writer.take(), encodeBatch(batch), `round ${round}`);
    }
  }));
});

test('a batch that is written record by record takes as many as it has room for', () => {
  const writer = new BatchWriter(2);
  writer.add(example());
  assert.equal(writer.isFull, false);
  writer.add(Object.assign(example(), { 'source.port': -1 }));
  assert.equal(writer.isFull, true);
  assert.throws(() => writer.add(example()), RangeError);
  assert.throws(() => writer.take(), { code: 'unencodable' });
  assert.equal(writer.length, 0);
  assert.throws(() => new BatchWriter(limits.records + 1), { code: 'too_large' });
});

test('a batch over a limit is refused when written', () => {
  const isTooLarge = (error: unknown): boolean => error instanceof WireError && error.code === 'too_large';
  assert.throws(() => encodeBatch(Array.from({ length: limits.records + 1 }, createFlowRecord)), isTooLarge);
  assert.throws(() => encodeBatch([Object.assign(createFlowRecord(), { 'url.path': 'a'.repeat(limits.bodyBytes) })]), isTooLarge);
  const items = Array.from({ length: limits.items + 1 }, () => '');
  assert.throws(() => encodeBatch([Object.assign(createFlowRecord(), { 'dns.resolved_ip': items })]), isTooLarge);
});

test('a value that its type does not allow is named by field and not shown', () => {
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53, 'secret']) {
    const record = Object.assign(createFlowRecord(), { 'source.port': value });
    const message = 'source.port is not an integer from 0 to 2^53 - 1';
    assert.throws(() => encodeBatch([createFlowRecord(), record]), { name: 'WireError', code: 'unencodable', message });
  }
  const record = Object.assign(createFlowRecord(), { 'telltale.observables': [{ ...example()['telltale.observables'][0], token: 4711 }] });
  assert.throws(() => encodeBatch([record]), { code: 'unencodable', message: 'telltale.observables[].token is not a string' });
  assert.throws(() => encodeBatch([example(), { ...example(), 'dns.resolved_ip': undefined as unknown as string[] }]));
  assert.deepEqual(decodeBatch(encodeBatch([example()])), [example()], 'nothing of a refused batch is in the next');
});

test('an unknown version or compression is named', () => {
  const batch = encodeBatch([example()]);
  batch[0] = 2;
  assert.equal(errorOf(batch).code, 'unknown_version');
  assert.equal(errorOf(batch).message, 'the batch has format version 2, and this reader knows only version 1');
  batch[0] = 1;
  batch[1] = 9;
  assert.equal(errorOf(batch).code, 'unknown_compression');
});

test('a batch that ends early is refused wherever it ends', () => {
  const batch = uncompressed(encodeBatch([example(), createFlowRecord(), example()]));
  for (let length = 0; length < batch.length; length++) {
    const error = errorOf(batch.subarray(0, length));
    assert.equal(error.code, 'truncated', `cut at ${length}`);
    assert.ok(error.offset <= length);
  }
  const compressed = encodeBatch(Array.from({ length: 50 }, example));
  assert.equal(compressed[1], 1);
  for (let length = 2; length < compressed.length; length++) assert.equal(errorOf(compressed.subarray(0, length)).code, 'corrupt');
});

test('garbage is refused or read, with nothing but a WireError', () => {
  const bytes = fc.uint8Array({ maxLength: 400 });
  const message = fc.tuple(fc.constantFrom(0, 1), bytes).map(([how, body]) => Buffer.concat([Buffer.of(1, how), body]));
  fc.assert(fc.property(message, decodesOrRefuses), { numRuns: 2_000 });
});

test('a mutated batch is refused or read, with nothing but a WireError', () => {
  const mutations = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(records, mutations, (batch, changes) => {
    const bytes = uncompressed(encodeBatch(batch));
    for (const { at, byte } of changes) bytes[2 + (at % (bytes.length - 2))] = byte;
    decodesOrRefuses(bytes);
  }), { numRuns: 1_000 });
});

function decodesOrRefuses(bytes: Buffer): void {
  try {
    assert.ok(decodeBatch(bytes).length <= limits.records);
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
  }
}

test('a few bytes cannot claim much memory', () => {
  const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))]);
  const batch = (...body: number[]): Buffer => Buffer.from([1, 0, ...body]);
  const lists = columnsOf(flowFields).find(({ field, type }) => field === 'dns.resolved_ip' && type === 'items')!;
  const tag = [...Buffer.from(Uint32Array.of(lists.tag).buffer)];
  const column = (...data: number[]): number[] => [...tag, ...varint(data.length), ...data];

  assert.equal(errorOf(batch(...varint(2 ** 50))).code, 'too_large', 'records');
  assert.equal(errorOf(batch(1, ...varint(2 ** 40))).code, 'truncated', 'dictionary entries');
  assert.equal(errorOf(batch(1, 1, ...varint(2 ** 40), 65)).code, 'truncated', 'string length');
  assert.equal(errorOf(batch(1, 0, 1, ...column(1, ...varint(2 ** 40)))).code, 'too_large', 'items of one record');
  assert.equal(errorOf(batch(...varint(60_000), 0, 1, ...column(1, 100))).code, 'too_large', 'items of all records');
  assert.equal(errorOf(batch(1, 0, 2, ...column(1, 2), ...column(1, 2))).code, 'malformed', 'the same column again');
  const bomb = Buffer.concat([Buffer.of(1, 1), zstdCompressSync(Buffer.alloc(limits.bodyBytes + 1))]);
  assert.ok(bomb.length < 2_000);
  assert.equal(errorOf(bomb).code, 'too_large', 'decompressed bytes');
});

test('an error does not contain what stood in the batch', () => {
  const bytes = uncompressed(encodeBatch([Object.assign(example(), { 'url.path': '/PLANTED' })]));
  for (let at = 2; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = 0xff;
    try {
      decodeBatch(changed);
    } catch (error) {
      assert.doesNotMatch(`${(error as Error).stack} ${JSON.stringify(error)}`, /PLANTED|10\.0\.0\.1|user_id/);
    }
  }
});

test('readers and writers of neighbouring releases understand each other', () => {
  const of = (type: FieldDefinition['type']): FieldDefinition => ({ type, by: 'probe', doc: '' });
  const before = { id: of('string'), gone: of('string'), port: of('count') };
  const after = { tags: of('strings'), id: of('string'), name: of('string'), port: of('count'), found: of('observables'), seen: of('micros') };
  const found = example()['telltale.observables'];
  const older = release(before, () => ({ id: '', gone: '', port: 0 }));
  const newer = release(after, () => ({ tags: [], id: '', name: '', port: 0, found: [], seen: 0 }));

  assert.deepEqual(
    newer.decode(older.encode([{ id: 'x', gone: 'y', port: 1 }, { id: 'y', gone: 'x', port: 2 }])),
    [{ tags: [], id: 'x', name: '', port: 1, found: [], seen: 0 }, { tags: [], id: 'y', name: '', port: 2, found: [], seen: 0 }],
  );
  assert.deepEqual(
    older.decode(newer.encode([
      { tags: ['a', 'b'], id: 'x', name: 'n', port: 1, found, seen: 5 },
      { tags: ['b'], id: 'y', name: 'x', port: 2, found: [], seen: 6 },
    ])),
    [{ id: 'x', gone: '', port: 1 }, { id: 'y', gone: '', port: 2 }],
  );
});

test('halves of a surrogate pair that stand in neighbouring texts do not become one', () => {
  const codec = release({ domain: { type: 'string', by: 'probe', doc: '' } }, () => ({ domain: '' }));
  const decoded = codec.decode(codec.encode([{ domain: 'a\ud83d' }, { domain: '\ude00b' }, { domain: 'c' }]));
  assert.deepEqual(decoded, [{ domain: 'a\ufffd' }, { domain: '\ufffdb' }, { domain: 'c' }]);
});

test('a field whose type changes is another field', () => {
  const asText = release({ port: { type: 'string', by: 'probe', doc: '' } }, () => ({ port: '' }));
  const asCount = release({ port: { type: 'count', by: 'probe', doc: '' } }, () => ({ port: 0 }));
  assert.deepEqual(asCount.decode(asText.encode([{ port: '443' }])), [{ port: 0 }]);
});

/** The codec of a release with this field table. */
function release(fields: Record<string, FieldDefinition>, createRow: () => Row) {
  const columns = columnsOf(fields);
  const schema = schemaOf(columns, createRow);
  const encoder = new RowEncoder(columns);
  return { encode: (rows: Row[]) => encoder.encode(rows), decode: (bytes: Buffer) => decodeRows(schema, bytes) };
}
