import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { FlowRecord } from '#flow';
import { createLogger } from '#runtime';
import { temporaryFolder } from '../../test/support/folder.ts';
import { CaptureSource } from './capture-source.ts';
import { createPipeline } from './create.ts';
import { dnsEvent } from './testing/suricata-event.ts';

test('a named pipe is read as its writer writes, and a stop waits for no writer', { timeout: 20_000 }, async () => {
  await using folder = await temporaryFolder('pipe');
  const pipe = path.join(folder.path, 'eve.json');
  await promisify(execFile)('mkfifo', [pipe]);
  const records: FlowRecord[] = [];
  const reading = () => {
    const done = Promise.withResolvers<number>();
    const left: number[] = [];
    const source = new CaptureSource({
      captures: [pipe], pipeline: createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' }),
      logger: createLogger({ name: 'test', level: 'silent' }),
      sink: { send: async (batch) => void records.push(...batch), close: async () => {} },
      onDone: done.resolve, onLeft: (captures) => left.push(captures), onFailure: done.reject,
    });
    source.start();
    return { source, done: done.promise, left };
  };

  const whole = reading();
  {
    await using writer = await open(pipe, 'w');
    await writer.write(dnsEvent('a.example'));
    await delay(50);
    await writer.write(dnsEvent('b.example'));
  }
  assert.equal(await whole.done, 0);
  assert.deepEqual(whole.left, []);
  assert.deepEqual(records.map((record) => record['dns.question.name']), ['a.example', 'b.example']);

  const withoutWriter = reading();
  await delay(50);
  await withoutWriter.source.stop();
  assert.deepEqual(withoutWriter.left, [1], 'nothing was read');

  const silent = reading();
  await using writer = await open(pipe, 'w');
  await writer.write(dnsEvent('c.example'));
  await delay(50);
  await silent.source.stop();
  assert.deepEqual(silent.left, [1], 'its writer has not ended');
  assert.equal(records.at(-1)?.['dns.question.name'], 'c.example');
});
