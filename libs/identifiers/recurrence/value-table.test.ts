import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SampledFlow } from './sampled-flow.ts';
import { ValueTable } from './value-table.ts';

const start = 1_700_000_000_000_000;

test('the evidence of a value names the file of each flow, in whatever order files take turns', () => {
  const values = new ValueTable();
  const files = ['a', 'a', 'b', 'a', 'c', 'b'];
  const [first, ...later] = files.map((file, i) => ({ flow: flowIn(file), origin: { sender: 'source', frame: 10 + i, micros: start + i } as const }));
  const row = values.add(0, 1, 2, first!.flow, first!.origin);
  const told = [values.evidence(row)];
  for (const { flow, origin } of later) {
    values.again(row, flow, origin);
    told.push(values.evidence(row));
  }
  const all = ['a#10', 'a#11', 'b#12', 'a#13'];
  assert.deepEqual(told, [1, 2, 3, 4, 4, 4].map((count) => all.slice(0, count)));

  // Another value takes the row, and nothing of what was known of the first.
  values.remove(row);
  const other = values.add(0, 1, 3, flowIn('d'), { sender: 'source', frame: 20, micros: start });
  assert.equal(other, row);
  assert.deepEqual(values.evidence(other), ['d#20']);
});

function flowIn(file: string): SampledFlow {
  return { file, subject: 1, startMicros: start, lastMicros: start } as SampledFlow;
}
