import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SampledFlow } from './sampled-flow.ts';
import { SlotIndex } from './slot-index.ts';
import { SlotTable } from './slot-table.ts';
import type { UnknownProtocol } from './unknown-protocol.ts';
import { none, ValueTable } from './value-table.ts';

const protocol: UnknownProtocol = {
  name: 'udp/24100/',
  slots: new SlotIndex(),
  subjects: new Map(),
  flows: 0,
  news: 0,
  restsUntil: 0,
  lastMicros: 0,
  isForgotten: false,
};

function flowOf(number: number, subject: number): SampledFlow {
  const startMicros = number * 60_000_000;
  return {
    number, protocol, subject, subjectIp: '', peerIp: '', file: 'a', startMicros, lastMicros: startMicros, isRepeat: false,
    inferredAt: none, takenFromSource: 0, takenFromDestination: 0, firstSample: none,
  };
}

/** Three flows of each of four subjects. */
const flows = Array.from({ length: 12 }, (_, i) => flowOf(i + 1, Math.floor(i / 3)));

/** Slots that were opened and not released, with the subjects and flow numbers of each value. */
type Model = Map<number, Map<number, { subjects: Set<number>; flows: Set<number> }>>;

test('a slot knows the values that recur in it, and whose they are, whatever stood in its row before', () => {
  const step = fc.oneof(
    fc.record({ slot: fc.nat(3), value: fc.nat(5), subject: fc.nat(3), flow: fc.nat(2) }), fc.record({ release: fc.nat(3) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const values = new ValueTable();
    const table = new SlotTable(values, { forgotten: 0 });
    const slots = [0, 1, 2, 3].map(() => table.open());
    const model: Model = new Map(slots.map((slot) => [slot, new Map()]));
    for (const one of steps) {
      if ('release' in one) {
        table.release(slots[one.release]!);
        model.delete(slots[one.release]!);
        slots[one.release] = table.open();
        model.set(slots[one.release]!, new Map());
        continue;
      }
      const slot = slots[one.slot]!;
      const flow = flows[3 * one.subject + one.flow]!;
      table.add(slot, 0, 0xffff_fff0 + one.value, flow, { sender: 'source', frame: 1, micros: flow.startMicros });
      const known = model.get(slot)!.get(one.value) ?? { subjects: new Set(), flows: new Set() };
      model.get(slot)!.set(one.value, { subjects: known.subjects.add(one.subject), flows: known.flows.add(flow.number) });
    }
    let size = 0;
    for (const [slot, expected] of model) {
      const recurring = [...expected].filter(([value]) => table.recurrence(slot, 0, 0xffff_fff0 + value) !== none);
      for (const [value, known] of expected) assert.equal(table.recurrence(slot, 0, 0xffff_fff0 + value) !== none, known.flows.size > 1);
      size += expected.size;
      for (const [value, { subjects }] of recurring) {
        const row = table.recurrence(slot, 0, 0xffff_fff0 + value);
        const others = new Set(recurring.filter(([, other]) => other.subjects.size === 1).flatMap(([, other]) => [...other.subjects]));
        if (subjects.size === 1) assert.equal(table.others(slot, row), [...others].filter((subject) => !subjects.has(subject)).length);
        const elsewhere = recurring.map(([other]) => 0xffff_fff0 + other).filter((other) => other !== 0xffff_fff0 + value);
        assert.deepEqual(table.otherRecurrences(slot, row).map((other) => values.low(other)).toSorted(), elsewhere.toSorted());
      }
    }
    assert.equal(values.size, size);
  }), { numRuns: 1000 });
});
