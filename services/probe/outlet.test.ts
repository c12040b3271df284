import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord } from '#flow';
import { batchSize, Outlet } from './outlet.ts';
import type { ProbePipeline } from './pipeline.ts';

/** Pending records, and flows that produce one record each when they end. */
class Waiting implements Pick<ProbePipeline, 'pending' | 'take' | 'finish'> {
  records: FlowRecord[] = [];
  flows = 0;
  onLook = (): void => {};

  add(count = 1): void {
    for (let i = 0; i < count; i++) this.records.push(createFlowRecord());
  }

  get pending(): number {
    const { length } = this.records;
    this.onLook();
    return length;
  }

  take(): FlowRecord[] {
    return this.records.splice(0);
  }

  finish(most = Infinity): boolean {
    const ended = Math.min(most, this.flows);
    this.flows -= ended;
    this.add(ended);
    return this.flows === 0;
  }
}

function outletOf(pipeline: Waiting, send: (records: readonly FlowRecord[]) => Promise<void>): { outlet: Outlet; failures: unknown[] } {
  const failures: unknown[] = [];
  const outlet = new Outlet({
    pipeline: pipeline as unknown as ProbePipeline, sink: { send, close: async () => {} }, onFailure: (error) => failures.push(error),
  });
  return { outlet, failures };
}

test('what comes in the moment in which a sending ends is handed over by the flush behind it', async () => {
  const pipeline = new Waiting();
  const sent: number[] = [];
  const { outlet } = outletOf(pipeline, async (records) => void sent.push(records.length));
  const late = Promise.withResolvers<void>();
  pipeline.onLook = () => {
    if (sent.length === 0) return;
    pipeline.onLook = () => {};
    // The last check found nothing; before anything else happens, a record arrives.
    queueMicrotask(() => {
      pipeline.add();
      late.resolve(outlet.flush());
    });
  };
  pipeline.add(3);
  await outlet.flush();
  await late.promise;
  assert.deepEqual(sent, [3, 1]);
});

test('flows end in batches, so that they do not all wait at once', async () => {
  const pipeline = new Waiting();
  const sent: number[] = [];
  const { outlet } = outletOf(pipeline, async (records) => void sent.push(records.length));
  pipeline.flows = 3 * batchSize + 5;
  pipeline.add(7);
  await outlet.finish();
  assert.equal(sent.reduce((sum, count) => sum + count), 3 * batchSize + 12);
  assert.ok(Math.max(...sent) <= batchSize + 7);
});

test('a failure is told, and the next flush tries with what has come since', async () => {
  const pipeline = new Waiting();
  const sent: number[] = [];
  let isBroken = true;
  const { outlet, failures } = outletOf(pipeline, async (records) => {
    if (isBroken) throw new Error('no broker');
    sent.push(records.length);
  });
  pipeline.add(2);
  await outlet.flush();
  isBroken = false;
  pipeline.add(4);
  await outlet.flush();
  assert.deepEqual([failures.length, sent], [1, [4]]);
});
