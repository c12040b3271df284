import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KafkaFindingSink, ensureTopics, topics } from '#transport';
import { startKafka } from '../../test/support/kafka.ts';
import { kill, openHook, sketchFinding, until } from './testing.ts';

test('findings from Kafka become alerts; killed in the middle, none is missing and none counts twice', async (t) => {
  await using kafka = await startKafka();
  if (!kafka) {
    t.skip('there is no Kafka');
    return;
  }
  await using hook = await openHook();
  const state = mkdtempSync(join(tmpdir(), 'telltale-alerter-kafka-'));
  t.after(() => rmSync(state, { recursive: true }));
  const connection = { brokers: kafka.brokers, clientId: 'test' };
  await ensureTopics(connection);
  const sink = new KafkaFindingSink(connection);
  t.after(() => sink.close());
  const expected = new Map<string, number>();
  const send = async (from: number, to: number) => {
    const findings = Array.from({ length: to - from }, (_, index) =>
      sketchFinding({ id: `${from + index}`, subject: `10.0.0.${(from + index) % 5}`, created: Date.now() }),
    );
    for (const finding of findings) expected.set(finding['telltale.subject.ip'], (expected.get(finding['telltale.subject.ip']) ?? 0) + 1);
    await sink.send(findings);
  };
  const latest = () => new Map(hook.accepted.map(({ labels, annotations }) => [labels['subject'], Number(annotations['count'])]));

  const first = start(kafka.brokers, state, hook.url);
  try {
    await send(0, 500);
    await until('first alerts', () => hook.accepted.length > 0, 60_000);
    await send(500, 1000);
  } finally {
    await kill(first.child);
  }
  const second = start(kafka.brokers, state, hook.url);
  t.after(() => kill(second.child));
  await send(1000, 1100);
  await until('all findings in alerts', () => [...expected].every(([subject, count]) => (latest().get(subject) ?? 0) >= count), 90_000);
  assert.deepEqual(latest(), expected);

  const metrics = async () => (await (await fetch(`${second.url()}/metrics`)).text()).split('\n');
  await until('no lag', async () => {
    const lag = (await metrics()).filter((line) => line.startsWith('telltale_source_lag{log="findings"'));
    return lag.length > 0 && lag.every((line) => line.endsWith(' 0'));
  }, 30_000);
  assert((await metrics()).some((line) => /^telltale_source_records_total\{log="findings"\} [1-9]/.test(line)), topics.findings);
  second.child.kill('SIGTERM');
  await until('stopped', () => second.child.exitCode === 0);
});

function start(brokers: string[], state: string, hookUrl: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../cli/main.js'), 'alerter'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'], TELLTALE_KAFKA_BROKERS: brokers.join(','), TELLTALE_HTTP_PORT: '0', TELLTALE_ALERTER_STATE: state,
      TELLTALE_ALERTER_GROUP_WAIT: '50ms', TELLTALE_ALERTER_REPEAT_INTERVAL: '100ms',
      TELLTALE_ALERTER_RECEIVERS: JSON.stringify([{ name: 'hook', type: 'webhook', url: hookUrl }]),
    },
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { log += text; });
  return { child, url: () => /"url":"(http:[^"]+)"/.exec(log)?.[1] ?? '' };
}
