import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission } from './admission.ts';
import { TransportError } from './errors.ts';

test('what fits comes in at once, what does not waits its turn, and the line has an end', async () => {
  const admission = new Admission(10, 2);
  const admitted: string[] = [];
  assert.equal(admission.enter(8), null);
  const large = admission.enter(6)!.then(() => admitted.push('large'));
  const small = admission.enter(1)!.then(() => admitted.push('small'));
  assert.throws(() => admission.enter(1), { name: 'TransportError', code: 'queue_full' });
  admission.leave(8);
  await Promise.all([large, small]);
  assert.deepEqual(admitted, ['large', 'small'], 'the small one, which had room, does not overtake');
});

test('more than the bound comes in when nothing else is in', async () => {
  const admission = new Admission(10, 2);
  assert.equal(admission.enter(5), null);
  const giant = admission.enter(50)!;
  admission.leave(5);
  await giant;
  assert.notEqual(admission.enter(1), null);
});

test('those that wait can be refused', async () => {
  const admission = new Admission(10, 2);
  admission.enter(10);
  const waiting = admission.enter(1)!;
  admission.refuseWaiting(new TransportError('closed', 'closed'));
  await assert.rejects(waiting, { code: 'closed' });
});
