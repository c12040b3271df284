import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Inferred } from './inferred.ts';
import { RecurringValues } from './recurring-values.ts';
import { mostSubjectsOfAll } from './value-table.ts';

const start = 1_775_217_600_000_000;
const minute = 60_000_000;

interface Sent {
  readonly subject: number;
  readonly payloads: readonly Uint8Array[];
}

/** Flows, one after the other, all still open when the findings are evaluated. */
function inferredOf(sent: readonly Sent[], finder = new RecurringValues()): Inferred[] {
  const flows = sent.map(({ subject, payloads }, i) => {
    const flow = finder.begin({
      protocol: 'udp/24100/',
      subjectIp: `10.0.0.${subject}`,
      peerIp: '198.51.100.7',
      file: 'a',
      startMicros: start + i * minute,
    });
    for (const [n, payload] of payloads.entries())
      if (flow) finder.observe(flow, Buffer.from(payload), { sender: 'source', frame: i * 10 + n + 1, micros: start + i * minute + n });
    return flow;
  });
  return flows.flatMap((flow) => {
    if (flow === null) return [];
    const found = finder.infer(flow);
    finder.end(flow);
    return found;
  });
}

const payload = fc.uint8Array({ minLength: 8, maxLength: 160 });
const sent = (subjects: number): fc.Arbitrary<Sent[]> =>
  fc.array(fc.record({ subject: fc.integer({ min: 1, max: subjects }), payloads: fc.array(payload, { minLength: 1, maxLength: 6 }) }), {
    minLength: 1,
    maxLength: 24,
  });

/** Noise, the same in each run: fast-check prefers small and repeated values, which noise does not have. */
function noiseSource(): (length: number) => Buffer {
  let state = 1;
  return (length) => Buffer.from(Array.from({ length }, () => (state = Math.imul(state, 1_664_525) + 1_013_904_223 >>> 0) >>> 24));
}

test('whatever is sent, nothing throws, places lie within the payload, and all is let go', () => {
  fc.assert(fc.property(sent(4), (flows) => {
    const finder = new RecurringValues();
    for (const { offset, value, confidence } of inferredOf(flows, finder)) {
      assert.ok(offset >= 0 && offset < 160 && value.length > 0 && confidence <= 100);
    }
    assert.equal(finder.size.flows, 0);
  }), { numRuns: 200 });
});

test('encrypted payloads behind a common header give nothing', () => {
  const noise = noiseSource();
  fc.assert(fc.property(fc.uint8Array({ minLength: 0, maxLength: 12 }), fc.integer({ min: 1, max: 6 }), (header, subjects) => {
    const flows = Array.from({ length: 60 }, (_, i): Sent => ({
      subject: i % subjects, payloads: [noise(60), noise(90)].map((body) => Buffer.concat([header, body])),
    }));
    assert.deepEqual(inferredOf(flows), []);
  }), { numRuns: 40 });
});

test('all tables are bounded, and what a bound costs is counted', () => {
  const finder = new RecurringValues({ maxFlows: 3, maxProtocols: 2, maxValues: 500 });
  const flow = (protocol: string, i: number): ReturnType<typeof finder.begin> => (
    finder.begin({ protocol, subjectIp: `10.0.0.${i}`, peerIp: '198.51.100.7', file: 'a', startMicros: start + i })
  );
  const held = [flow('a', 1), flow('a', 2), flow('b', 3)];
  assert.equal(flow('c', 4), null);
  assert.equal(finder.counters.unsampled, 1);
  for (const [i, one] of held.entries())
    for (let n = 0; n < 4; n++)
      finder.observe(one!, Buffer.from(Array.from({ length: 100 }, (_, at) => (at * 7 + i * 31 + n * 13) & 0xff)), {
        sender: 'source', frame: 1, micros: start,
      });
  assert.ok(finder.size.values <= 500 || finder.counters.evicted > 0);
  for (const one of held) finder.end(one!);
  for (const protocol of ['c', 'd', 'e']) finder.end(flow(protocol, 9)!);
  assert.ok(finder.counters.evicted >= 2);
  assert.ok(finder.size.values <= 500);
  assert.equal(finder.size.flows, 0);
});

test('a protocol in which nothing ever recurs is no longer looked at, until a day later', () => {
  const finder = new RecurringValues();
  const noise = noiseSource();
  const begin = (i: number, micros: number): ReturnType<typeof finder.begin> => (
    finder.begin({ protocol: 'udp/443/', subjectIp: `10.0.0.${i % 200}`, peerIp: '198.51.100.7', file: 'a', startMicros: micros })
  );
  for (let i = 0; i < 63; i++) {
    const flow = begin(i, start + i)!;
    finder.observe(flow, noise(64), { sender: 'source', frame: i, micros: start + i });
    finder.end(flow);
  }
  assert.equal(begin(1, start + minute), null, 'the 64th flow asks whether anything recurs');
  assert.equal(finder.size.values, 0);
  assert.notEqual(begin(1, start + 25 * 60 * minute), null);
});

test('a flow is judged again only when something was learned since', () => {
  const finder = new RecurringValues();
  const ids = ['a1b2c3d4', 'e5f60718', '92a3b4c5'];
  const flows = Array.from({ length: 9 }, (_, i) => {
    const flow = finder.begin({
      protocol: 'udp/24100/',
      subjectIp: `10.0.0.${i % 3}`,
      peerIp: '198.51.100.7',
      file: 'a',
      startMicros: start + i * minute,
    })!;
    finder.observe(flow, Buffer.from(`c35a0102${ids[i % 3]}`, 'hex'), { sender: 'source', frame: i, micros: start + i * minute });
    return flow;
  });
  assert.equal(finder.infer(flows[8]!).length, 1);
  assert.deepEqual(finder.infer(flows[8]!), []);
  finder.observe(flows[7]!, Buffer.from('00'), { sender: 'source', frame: 10, micros: start + 10 * minute });
  assert.equal(finder.infer(flows[8]!).length, 1);
});

test('where a single protocol has as many subjects as are told apart, it begins anew', () => {
  const finder = new RecurringValues();
  const payload = Buffer.from('c35a0102', 'hex');
  let forgotten = 0;
  for (let i = 0; i < mostSubjectsOfAll + 100; i++) {
    const flow = finder.begin({
      protocol: 'udp/24100/', subjectIp: `10.${i >> 16}.${(i >> 8) & 0xff}.${i & 0xff}`, peerIp: '198.51.100.7', file: 'a',
      startMicros: start + i,
    })!;
    if (flow.protocol.isForgotten) forgotten++;
    finder.observe(flow, payload, { sender: 'source', frame: i, micros: start + i });
    finder.end(flow);
  }
  assert.deepEqual([forgotten, finder.counters.evicted], [0, 1]);
});
