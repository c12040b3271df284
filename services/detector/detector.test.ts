import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFinding, createFlowRecord, type Finding, type FlowRecord, type Hit } from '#flow';
import { Detector } from './detector.ts';

const recordOf = (id: string): FlowRecord => Object.assign(createFlowRecord(), { 'event.id': id });

test('a record that the detection fails on is stored, said and counted; the others of its batch have their findings', async () => {
  const hitOf = (id: string): Hit => ({ 'event.id': id }) as Hit;
  const detection = {
    hits: [] as Hit[],
    recall: async () => {},
    detect(records: readonly FlowRecord[]): Finding[] {
      if (records.some((record) => record['event.id'] === 'poison')) throw new TypeError('no such place');
      this.hits = records.map((record) => hitOf(record['event.id']));
      return records.map((record) => createFinding(record));
    },
  };
  const stored: unknown[] = [];
  const store = { query: async () => [], write: async (...written: (readonly unknown[] | undefined)[]) => void stored.push(written.map((rows) => rows?.length)) };
  const sent: Finding[] = [];
  const logged: unknown[] = [];
  const detector = new Detector(detection, store, { send: async (found) => void sent.push(...found), close: async () => {} },
    { error: (fields: object) => void logged.push(fields) } as never);

  await detector.handle(['a', 'poison', 'b'].map(recordOf));
  assert.deepEqual(stored, [[3, 2, 2]]);
  assert.equal(sent.length, 2);
  assert.equal(detector.counters.unjudged, 1);
  assert.deepEqual(logged.map((fields) => (fields as { record: string }).record), ['poison']);
});
