import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from './runtime.ts';

test('counts are read when scraped, and never doubled by a second scrape', async () => {
  const metrics = new Metrics({ process: false });
  const counts = { packetsRead: 0, drops: new Map<string, number>(), errors: { short: 0 } };
  metrics.counts('capture', counts, { packetsRead: 'Packets.', drops: { help: 'Drops.', label: 'layer' }, errors: 'Errors.' });
  counts.packetsRead += 5;
  counts.drops.set('ip', 2);
  counts.errors.short++;
  await metrics.scrape();
  assert.deepEqual(samples(await metrics.scrape()), [
    'telltale_capture_packets_read_total 5', 'telltale_capture_drops_total{layer="ip"} 2', 'telltale_capture_errors_total{reason="short"} 1',
  ]);
});

test('several objects under one name are told apart by fixed labels', async () => {
  const metrics = new Metrics({ process: false });
  for (const receiver of ['a', 'b']) {
    metrics.counts(
      'alerts',
      { sent: receiver === 'a' ? 1 : 2, failed: new Map([['timeout', 3]]) },
      { sent: 'Sent.', failed: 'Failed.' },
      { receiver },
    );
    metrics.gauge('telltale_alerts_waiting', 'Waiting.', () => 7, { receiver });
  }
  assert.deepEqual(samples(await metrics.scrape()), [
    'telltale_alerts_sent_total{receiver="a"} 1', 'telltale_alerts_sent_total{receiver="b"} 2',
    'telltale_alerts_failed_total{receiver="a",reason="timeout"} 3', 'telltale_alerts_failed_total{receiver="b",reason="timeout"} 3',
    'telltale_alerts_waiting{receiver="a"} 7', 'telltale_alerts_waiting{receiver="b"} 7',
  ]);
});

test('label values are bounded; what is over the bound stays in the sum', async () => {
  const metrics = new Metrics({ process: false });
  metrics.counts('x', { drops: new Map(Array.from({ length: 250 }, (_, index) => [`r${index}`, 1])) }, { drops: 'Drops.' });
  const lines = samples(await metrics.scrape());
  assert.equal(lines.length, 101);
  assert(lines.includes('telltale_x_drops_total{reason="other"} 150'));
});

test('levels by label: what is not there any more is not reported', async () => {
  const metrics = new Metrics({ process: false });
  const lag: Record<number, number> = { 0: 5, 3: 7 };
  metrics.gauge('telltale_lag', 'Lag.', () => lag, {}, 'partition');
  assert.deepEqual(samples(await metrics.scrape()), ['telltale_lag{partition="0"} 5', 'telltale_lag{partition="3"} 7']);
  delete lag[0];
  assert.deepEqual(samples(await metrics.scrape()), ['telltale_lag{partition="3"} 7']);
});

test('a name outside of telltale_ is refused', () => {
  assert.throws(() => new Metrics({ process: false }).gauge('queue', 'Q.', () => 0), /The metric name queue must begin with telltale_/);
});

test('the reference lists own metrics with type and labels', async () => {
  const metrics = new Metrics();
  metrics.histogram('telltale_delay_seconds', 'Delay.', [1, 2], ['receiver']);
  metrics.counts('x', { drops: new Map() }, { drops: 'Drops.' });
  assert.equal(await metrics.reference(), [
    '| metric | type | labels | meaning |', '| --- | --- | --- | --- |',
    '| `telltale_delay_seconds` | histogram | `receiver` | Delay. |', '| `telltale_x_drops_total` | counter | `reason` | Drops. |', '',
  ].join('\n'));
});

function samples(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
