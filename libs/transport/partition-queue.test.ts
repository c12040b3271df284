import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PartitionQueue, Ticket } from './partition-queue.ts';

test('records come out in the order of the sends, and a ticket is settled with its last record', async () => {
  const sends = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 });
  await fc.assert(fc.asyncProperty(sends, fc.array(fc.nat(6)), async (sizes, drops) => {
    const queue = new PartitionQueue<number>();
    const settled: number[] = [];
    let next = 0;
    const model = sizes.flatMap((size, send) => {
      const ticket = new Ticket(size);
      void ticket.settled.then(() => settled.push(send));
      const records = Array.from({ length: size }, () => next++);
      queue.push(records, ticket);
      return records.map((record) => ({ record, send }));
    });

    for (const count of drops) {
      assert.equal(queue.length, model.length);
      for (const start of [0, 2]) assert.deepEqual(queue.peek(start, count), model.slice(start, start + count).map(({ record }) => record));
      const dropped = Math.min(count, model.length);
      queue.drop(dropped);
      model.splice(0, dropped);
      await Promise.resolve();
      const waiting = model[0]?.send ?? sizes.length;
      assert.deepEqual(settled, Array.from({ length: waiting }, (_, send) => send));
    }
  }));
});
