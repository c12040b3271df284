import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { FlowRecord } from '#flow';
import { createLogger } from '#runtime';
import { createPipeline } from './create.ts';
import { FollowSource } from './follow-source.ts';

const event = (query: string): string => `${JSON.stringify({
  timestamp: '2024-05-01T12:00:00.000001+0000', flow_id: 7, event_type: 'dns', src_ip: '10.0.0.5', src_port: 5353, dest_ip: '10.0.0.1', dest_port: 53, proto: 'UDP', dns: { type: 'query', rrname: query, rrtype: 'A' },
})}\n`;

test('a log is followed while it grows, is renamed, and is truncated', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'telltale-follow-'));
  const file = path.join(folder, 'eve.json');
  const records: FlowRecord[] = [];
  const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' });
  const source = new FollowSource({
    files: [file], positions: `${file}.positions`, pipeline, logger: createLogger({ name: 'test', level: 'silent' }), pollInterval: 5,
    sink: { send: async (batch) => void records.push(...batch), close: async () => {} },
    onFailure: (error) => { throw error; },
  });
  const names = (): string[] => records.map((record) => `${record['dns.question.name']}:${record['telltale.evidence.line']}`);
  const until = async (...expected: string[]): Promise<void> => {
    for (let attempt = 0; attempt < 1000 && names().length < expected.length; attempt++) await delay(5);
    assert.deepEqual(names(), expected);
  };
  try {
    source.start();
    await delay(20);
    await writeFile(file, event('a.example'));
    await until('a.example:1');
    const [half, rest] = [event('b.example').slice(0, 50), event('b.example').slice(50)];
    await appendFile(file, half);
    await delay(30);
    await appendFile(file, rest);
    await until('a.example:1', 'b.example:2');

    await appendFile(file, event('c.example').trimEnd());
    await rename(file, `${file}.1`);
    await writeFile(file, event('d.example'));
    await until('a.example:1', 'b.example:2', 'c.example:3', 'd.example:1');

    await truncate(file, 0);
    await delay(50);
    await appendFile(file, event('e.example'));
    await until('a.example:1', 'b.example:2', 'c.example:3', 'd.example:1', 'e.example:1');
    await appendFile(file, event('f.example').trimEnd());
    await delay(30);
  } finally {
    await source.stop();
    await rm(folder, { recursive: true });
  }
  // A line without its end may still get it.
  await until('a.example:1', 'b.example:2', 'c.example:3', 'd.example:1', 'e.example:1');
});
