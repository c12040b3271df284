import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Finding, Hit } from '#flow';
import { formatProblem } from '#geo';
import { contextFields, correlationSql, correlationWindows, parseRules, periodMicros, type Correlation } from '#rules';
import type { Store } from '#store';
import { temporaryStore } from '../../libs/store/testing.ts';
import { correlationDetection, hitEvents, type CorrelationRow } from './correlation-detection.ts';
import { ScheduledDetections } from './scheduled-detections.ts';

let folder: Awaited<ReturnType<typeof temporaryStore>>;
let store: Store;
before(async () => {
  folder = await temporaryStore();
  store = folder.store;
});
after(async () => { await folder[Symbol.asyncDispose](); });

const second = 1_000_000;
const start = Date.UTC(2026, 7, 1) * 1000;
let batch = 0;
const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** Written as in a rule file; `inner` is a correlation that others may refer to. */
interface Written {
  type: string;
  rules: string[];
  'group-by'?: string[];
  timespan: string;
  condition?: Record<string, unknown> | string;
}

/** Correlations over three rules, whose ids differ from batch to batch, so that batches can share a store. */
function correlationsOf(number: number, written: Readonly<Record<string, Written>>): Map<string, Correlation> {
  const rule = (name: string, i: number): object => ({
    title: `Rule ${name}`,
    name,
    id: uuid(number * 100 + i),
    level: 'low',
    logsource: { product: 'telltale' },
    detection: { a: { 'destination.port': i + 1 }, condition: 'a' },
  });
  const documents = [
    ...['a', 'b', 'c'].map(rule),
    ...Object.entries(written).map(([name, correlation], i) => ({
      title: `Correlation ${name}`,
      name,
      id: uuid(number * 100 + 10 + i),
      level: 'high',
      correlation,
    })),
  ];
  const { correlations, problems } = parseRules([{ name: 't.yml', text: documents.map((one) => JSON.stringify(one)).join('\n---\n') }]);
  assert.deepEqual(problems.map(formatProblem), []);
  return new Map(correlations.map((one) => [one.name, one]));
}

interface Event { rule: number; at: number; subject: string; domain: string; bytes: number }

const hitsOf = (number: number, events: readonly Event[]): Hit[] => events.map(({ rule, at, subject, domain, bytes }, i) => ({
  'event.id': `${number}/${i}`, '@timestamp': start + at * second, 'rule.id': uuid(number * 100 + rule), 'telltale.flow.id': 'f',
  'telltale.record.id': 'r',
  fields: Object.fromEntries(
    Object.entries({
      'source.ip': subject, 'destination.domain': domain, 'source.bytes': bytes === 0 ? '' : String(bytes),
    }).filter(([, text]) => text !== ''),
  ),
}));

/* The oracle: windows by definition, tested at every event, without any of the product's code. */

interface Seen { rule: string; at: number; id: string; event: Event }
interface Window { group: string; period: number; at: number; events: Seen[] }

function oracle(written: Readonly<Record<string, Written>>, name: string, events: readonly Event[]): Window[] {
  const { type, rules, 'group-by': groupBy = [], timespan, condition } = written[name]!;
  const length = Number(timespan.slice(0, -1));
  const bounds = typeof condition === 'object'
    ? Object.entries(condition).filter(([key]) => key !== 'field' && key !== 'percentile') as [string, number][]
    : [];
  const field = typeof condition === 'object' ? condition['field'] as string | undefined : undefined;
  const text = (event: Event, of: string): string => ({
    'source.ip': event.subject, 'destination.domain': event.domain, 'source.bytes': event.bytes === 0 ? '' : String(event.bytes),
  })[of] ?? '';
  const seen = rules.flatMap((rule): Seen[] => {
    if (rule in written) {
      return oracle(written, rule, events).map((window) => {
        const last = window.events.filter(({ at }) => at === window.at).toSorted((x, y) => (x.id < y.id ? -1 : 1))[0]!;
        return { rule, at: window.at, id: `${rule} ${window.group} ${window.period}`, event: last.event };
      });
    }
    return events.flatMap((event, i) => ('abc'[event.rule] === rule ? [{ rule, at: event.at, id: String(i).padStart(6, '0'), event }] : []));
  }).filter(({ event }) => groupBy.every((of) => text(event, of) !== '') && (field === undefined || text(event, field) !== ''));
  const compare: Record<string, (x: number, y: number) => boolean> = {
    gt: (x, y) => x > y, gte: (x, y) => x >= y, lt: (x, y) => x < y, lte: (x, y) => x <= y, eq: (x, y) => x === y, neq: (x, y) => x !== y,
  };
  const bounded = (value: number): boolean => bounds.every(([how, bound]) => compare[how]!(value, bound));
  const chain = (inside: readonly Seen[], wanted: readonly string[], from: number): boolean =>
    wanted.length === 0 || inside.some((one) => one.rule === wanted[0] && one.at >= from && chain(inside, wanted.slice(1), one.at));
  const met = (inside: readonly Seen[]): boolean => {
    const numbers = inside.map(({ event }) => event.bytes).toSorted((x, y) => x - y);
    const kinds = new Set(inside.map(({ rule }) => rule));
    switch (type) {
      case 'event_count': return bounded(inside.length);
      case 'value_count': return bounded(new Set(inside.map(({ event }) => text(event, field!))).size);
      case 'value_sum': return bounded(numbers.reduce((sum, one) => sum + one, 0));
      case 'value_avg': return bounded(numbers.reduce((sum, one) => sum + one, 0) / numbers.length);
      case 'value_median':
        return bounded(
          numbers.length % 2 === 1
            ? numbers[(numbers.length - 1) / 2]!
            : (numbers[numbers.length / 2 - 1]! + numbers[numbers.length / 2]!) / 2,
        );
      case 'value_percentile': {
        const place = (numbers.length - 1) * ((condition as Record<string, number>)['percentile']! / 100);
        const [low, high] = [numbers[Math.floor(place)]!, numbers[Math.ceil(place)]!];
        return bounded(low + (high - low) * (place % 1));
      }
      case 'temporal':
        if (condition === 'a and not b') return kinds.has('a') && !kinds.has('b');
        if (condition === 'a or b') return kinds.has('a') || kinds.has('b');
        return bounds.length > 0 ? bounded(kinds.size) : rules.every((rule) => kinds.has(rule));
      default: return chain(inside, rules, -1);
    }
  };
  const fixed =
    ['value_avg', 'value_median', 'value_percentile'].includes(type) ||
    condition === 'a and not b' ||
    bounds.some(([how]) => how !== 'gt' && how !== 'gte');
  const base = start / second;
  const windows: Window[] = [];
  const groups = Map.groupBy(seen, ({ event }) => groupBy.map((of) => text(event, of)).join('|'));
  for (const [group, all] of groups) {
    for (const [period, inPeriod] of Map.groupBy(all, ({ at }) => Math.floor((base + at) / length))) {
      if (fixed) {
        if (met(inPeriod)) windows.push({ group, period, at: Math.max(...inPeriod.map(({ at }) => at)), events: inPeriod });
        continue;
      }
      const ends = [...new Set(inPeriod.map(({ at }) => at))].toSorted((x, y) => x - y);
      for (const end of ends) {
        const inside = all.filter(({ at }) => at > end - length && at <= end);
        const ended = type !== 'temporal_ordered' || inside.some(({ rule, at }) => at === end && rule === rules.at(-1));
        if (!ended || !met(inside)) continue;
        windows.push({ group, period, at: end, events: inside });
        break;
      }
    }
  }
  return windows;
}

const event: fc.Arbitrary<Event> = fc.record({
  rule: fc.integer({ min: 0, max: 2 }),
  at: fc.integer({ min: 0, max: 90 }),
  subject: fc.constantFrom('10.0.0.1', '10.0.0.2', ''),
  domain: fc.constantFrom('x', 'y', 'z', ''),
  bytes: fc.integer({ min: 0, max: 9 }),
});
const timespan = fc.constantFrom('1s', '7s', '20s', '60s');
const groupBy = fc.constantFrom<string[]>(['source.ip'], ['source.ip', 'destination.domain'], []);
const bound = fc.constantFrom<Record<string, number>>({ gte: 2 }, { gt: 3 }, { gte: 1 }, { lt: 3 }, { eq: 2 }, { neq: 2 }, { gt: 1, lte: 4 });
const base = fc.subarray(['a', 'b', 'c'], { minLength: 1 });
const written: fc.Arbitrary<Written> = fc.oneof(
  fc.record({ type: fc.constant('event_count'), rules: base, 'group-by': groupBy, timespan, condition: bound }),
  fc.record({
    type: fc.constant('value_count'), rules: base, 'group-by': groupBy, timespan,
    condition: bound.map((one) => ({ field: 'destination.domain', ...one })),
  }),
  fc.record({
    type: fc.constantFrom('value_sum', 'value_avg', 'value_median'), rules: base, 'group-by': groupBy, timespan,
    condition: bound.map((one) => ({ field: 'source.bytes', ...one })),
  }),
  fc.record({
    type: fc.constant('value_percentile'), rules: base, 'group-by': groupBy, timespan,
    condition: bound.map((one) => ({ field: 'source.bytes', percentile: 90, ...one })),
  }),
  fc.record({ type: fc.constant('temporal'), rules: fc.subarray(['a', 'b', 'c'], { minLength: 2 }), 'group-by': groupBy, timespan }),
  fc.record({
    type: fc.constant('temporal'),
    rules: fc.constant<string[]>(['a', 'b', 'c']),
    'group-by': groupBy,
    timespan,
    condition: fc.constantFrom<Record<string, number> | string>('a and not b', 'a or b', { gte: 2 }, { eq: 1 }),
  }),
  fc.record({ type: fc.constant('temporal_ordered'), rules: fc.shuffledSubarray(['a', 'b', 'c'], { minLength: 2 }), 'group-by': groupBy, timespan }),
);
const outer: fc.Arbitrary<Written> = fc.oneof(
  fc.record({
    type: fc.constant('event_count'), rules: fc.constantFrom<string[]>(['inner'], ['inner', 'c']), 'group-by': groupBy, timespan,
    condition: bound,
  }),
  fc.record({
    type: fc.constantFrom('temporal', 'temporal_ordered'), rules: fc.constantFrom<string[]>(['inner', 'c'], ['a', 'inner']),
    'group-by': groupBy, timespan,
  }),
);

const everything = (correlation: Correlation): string => {
  const period = periodMicros(correlation);
  return correlationSql(
    correlation,
    { first: Math.floor((start - 3600 * second) / period), last: Math.floor((start + 3600 * second) / period), judged: Number.MAX_SAFE_INTEGER },
    hitEvents,
    contextFields,
  );
};

test('correlations find in SQL, and in memory, the windows that their definition gives', async () => {
  await fc.assert(fc.asyncProperty(fc.record({ inner: written, outer }), fc.array(event, { maxLength: 40 }), async (given, events) => {
    const number = ++batch;
    const correlations = correlationsOf(number, given);
    const hits = hitsOf(number, events).map((hit, i) => ({ ...hit, 'event.id': `${number}/${String(i).padStart(6, '0')}` }));
    await store.write([], [], hits);
    for (const name of ['inner', 'outer']) {
      const correlation = correlations.get(name)!;
      const expected = oracle(given, name, events).map(
        ({ group, period, at, events: inside }) => `${group} ${period} ${at} ${inside.length}`,
      ).toSorted();
      const rows = await store.query<CorrelationRow>(everything(correlation));
      assert.deepEqual(
        rows.map(({ grp, period, at, events: count }) => `${grp.join('|')} ${period} ${(at - start) / second} ${count}`).toSorted(),
        expected,
        `SQL, ${name}`,
      );
      const inMemory = correlationWindows(
        correlation,
        (rule) => hits.filter((hit) => hit['rule.id'] === rule).map((hit) => ({
          id: hit['event.id'], time: hit['@timestamp'], rule, fields: hit.fields,
        })),
      );
      assert.deepEqual(
        inMemory.map(
          ({ group, period, time, events: inside }) => `${group.join('|')} ${period} ${(time - start) / second} ${inside.length}`,
        ).toSorted(),
        expected,
        `in memory, ${name}`,
      );
    }
  }), { numRuns: 20 });
});

const burst: Record<string, Written> = {
  burst: { type: 'event_count', rules: ['a'], 'group-by': ['source.ip'], timespan: '60s', condition: { gte: 3 } },
};
const quiet: Record<string, Written> = {
  quiet: { type: 'event_count', rules: ['a'], 'group-by': ['source.ip'], timespan: '60s', condition: { lt: 3 } },
};
const one = (at: number, subject = '10.0.0.1'): Event => ({ rule: 0, at, subject, domain: 'x', bytes: 1 });

/** Runs one correlation over the store and returns its findings. */
function runnerOf(correlation: Correlation, over: Partial<Store> = {}): { run: () => Promise<void>; sent: Finding[]; runner: ScheduledDetections } {
  const sent: Finding[] = [];
  const stored: Pick<Store, 'query' | 'write' | 'detectionRuns' | 'recordDetectionRun' | 'withoutStored'> = {
    query: (sql, params) => store.query(sql, params),
    write: (flows, findings, hits) => store.write(flows, findings, hits),
    detectionRuns: () => store.detectionRuns(),
    recordDetectionRun: (name, until) => store.recordDetectionRun(name, until),
    withoutStored: (findings) => store.withoutStored(findings),
    ...over,
  };
  // No time passes between the runs of a test: with an interval of zero, no run is skipped.
  const detection = correlationDetection(correlation, { intervalMillis: 0, versions: 'rules 1' });
  const runner = new ScheduledDetections({
    store: stored,
    findings: {
      send: async (findings) => {
        sent.push(...findings);
      },
    },
    detections: () => [detection],
    logger: { warn: () => {} },
  });
  return { run: () => runner.run([detection]), sent, runner };
}

const storedFindings = (correlation: Correlation): Promise<{ id: string; subject: string; message: string; time: number; level: string }[]> =>
  store.query(
    'SELECT event_id AS id, source_ip AS subject, message, toUnixTimestamp64Micro(timestamp) AS time, event_severity_name AS level FROM '
      + 'findings FINAL WHERE rule_id = {rule:String} ORDER BY timestamp, source_ip',
    { rule: correlation.id },
  );

test('a burst is one finding, however often it is looked for, with what its events have in common', async () => {
  const number = ++batch;
  const correlation = correlationsOf(number, burst).get('burst')!;
  await store.write([], [], hitsOf(number, [one(1), one(2), one(10, '10.0.0.2'), one(30)]));
  const { run, sent, runner } = runnerOf(correlation);
  for (let i = 0; i < 3; i += 1) await run();
  assert.equal(sent.length, 1);
  const [finding] = await storedFindings(correlation);
  assert.deepEqual(finding, {
    id: sent[0]!['event.id'], subject: '10.0.0.1', time: start, level: 'high',
    message: 'Correlation burst: 3 events (3 of "Rule a") with source.ip 10.0.0.1, from 2026-08-01T00:00:01Z to 2026-08-01T00:00:30Z.',
  });
  assert.deepEqual(
    {
      runs: runner.counters.runs.get('Correlation burst'),
      findings: runner.counters.findings.get('Correlation burst'),
      failures: runner.counters.failures.size,
    },
    { runs: 3, findings: 1, failures: 0 },
  );
});

test('a hit that comes late, in time or in store, counts in the window it belongs to', async () => {
  const number = ++batch;
  const correlation = correlationsOf(number, burst).get('burst')!;
  const [first, second_, third, later] = hitsOf(number, [one(5), one(50), one(58), one(70)]) as [Hit, Hit, Hit, Hit];
  const { run, sent } = runnerOf(correlation);
  await store.write([], [], [first, third, later]);
  await run();
  assert.deepEqual(sent.map((finding) => finding['@timestamp']), []);
  await store.write([], [], [second_]); // older than the period examined
  await run();
  // The first minute holds three, and so does the minute up to 70 s, which ends in the next period.
  assert.deepEqual(sent.map((finding) => finding['@timestamp'] - start), [0, 60 * second]);
  await store.write([], [], [first, second_]); // a replay
  await run();
  assert.equal((await storedFindings(correlation)).length, 2);
  assert.equal(sent.length, 2);
});

test('a kill between any two steps loses no finding and doubles none', async () => {
  for (const step of ['withoutStored', 'write', 'recordDetectionRun'] as const) {
    const number = ++batch;
    const correlation = correlationsOf(number, burst).get('burst')!;
    await store.write([], [], hitsOf(number, [one(1), one(2), one(3)]));
    const killed = runnerOf(correlation, { [step]: async () => { throw new Error('killed'); } });
    await killed.run();
    assert.equal(killed.runner.counters.failures.get('Correlation burst'), 1);
    const next = runnerOf(correlation);
    await next.run();
    assert.equal((await storedFindings(correlation)).length, 1, step);
    assert.equal(new Set([...killed.sent, ...next.sent].map((finding) => finding['event.id'])).size, 1, 'the alerter sees one id');
    assert.ok(killed.sent.length + next.sent.length >= 1, step);
  }
});

test('two runners at once, over data that grows under them, store each window once', async () => {
  const number = ++batch;
  const correlation = correlationsOf(number, burst).get('burst')!;
  const events = Array.from({ length: 120 }, (_, i) => one((i * 7) % 240, `10.0.1.${i % 5}`));
  const runners = [runnerOf(correlation), runnerOf(correlation)];
  const hits = hitsOf(number, events);
  for (let from = 0; from < hits.length; from += 30)
    await Promise.all([store.write([], [], hits.slice(from, from + 30)), ...runners.map(({ run }) => run())]);
  await Promise.all(runners.map(({ run }) => run()));
  const windows = oracle(burst, 'burst', events).map(({ group, period }) => `${group} ${period * 60 * second}`).toSorted();
  assert.deepEqual((await storedFindings(correlation)).map(({ subject, time }) => `${subject} ${time}`).toSorted(), windows);
});

test('a fixed period is judged when it is over and its hits have settled', async () => {
  const number = ++batch;
  const correlation = correlationsOf(number, quiet).get('quiet')!;
  await store.write([], [], hitsOf(number, [one(1), one(2)]));
  const { run, sent } = runnerOf(correlation);
  await run();
  assert.equal(sent.length, 0, 'its hits were stored a moment ago');
  // As if the store's clock were a minute ahead.
  const later = runnerOf(correlation, { detectionRuns: async () => ({ now: (await store.detectionRuns()).now + 60 * second, until: new Map() }) });
  await later.run();
  assert.deepEqual(later.sent.map((finding) => finding['@timestamp'] - start), [60 * second]);
});

test('a run that another process has just done is passed over', async () => {
  const correlation = correlationsOf(++batch, burst).get('burst')!;
  const detection = correlationDetection(correlation, { intervalMillis: 60_000, versions: '' });
  const parts = { store, findings: { send: async () => {} }, detections: () => [detection], logger: { warn: () => {} } };
  const [first, other] = [new ScheduledDetections(parts), new ScheduledDetections(parts)];
  await first.run([detection]);
  await other.run([detection]);
  assert.deepEqual(
    [first.counters.runs.get(detection.title), other.counters.runs.get(detection.title), other.counters.skipped.get(detection.title)],
    [1, undefined, 1],
  );
});
