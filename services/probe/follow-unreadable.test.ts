import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { FlowRecord } from '#flow';
import { createLogger } from '#runtime';
import { temporaryFolder } from '../../test/support/folder.ts';
import { until } from '../../test/support/until.ts';
import { createPipeline } from './create.ts';
import { FollowSource } from './follow-source.ts';
import { dnsEvent } from './testing/suricata-event.ts';

const nobody = 65_534;

/** Root may read anything: for the time of the test it is somebody else. */
function asOrdinaryUser(): Disposable {
  const isRoot = process.geteuid!() === 0;
  if (isRoot) process.seteuid!(nobody);
  return { [Symbol.dispose]: () => { if (isRoot) process.seteuid!(0); } };
}

test('a file and a folder that cannot be read are told once, and cost no other; made readable, they are read', async (t) => {
  if (process.platform === 'win32') return t.skip('no permissions of POSIX');
  await using folder = await temporaryFolder('follow-unreadable');
  await using state = await temporaryFolder('positions');
  const file = (...names: string[]): string => path.join(folder.path, ...names);
  await mkdir(file('closed'));
  await writeFile(file('a.json'), dnsEvent('a.example'));
  await writeFile(file('b.json'), dnsEvent('b.example'));
  await writeFile(file('closed', 'c.json'), dnsEvent('c.example'));
  for (const shut of ['b.json', 'closed']) await chmod(file(shut), 0o000);
  await chmod(folder.path, 0o755);
  await chmod(state.path, 0o777);

  const records: FlowRecord[] = [];
  const failures: unknown[] = [];
  const source = new FollowSource({
    files: [folder.path], positions: path.join(state.path, 'positions.json'),
    pipeline: createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' }),
    logger: createLogger({ name: 'test', level: 'silent' }), pollInterval: 5, scanInterval: 10, settleInterval: 20,
    sink: { send: async (batch) => void records.push(...batch), close: async () => {} }, onFailure: (error) => failures.push(error),
  });
  const names = (): string[] => records.map((record) => record['dns.question.name']).toSorted();
  {
    using _ = asOrdinaryUser();
    await source.start();
    await until('the readable file to be told', () => names().includes('a.example') && source.counters.passedOver === 2);
  }
  await chmod(file('b.json'), 0o644);
  await chmod(file('closed'), 0o755);
  await until('the others to be told', () => records.length === 3);
  await source.stop();
  assert.deepEqual(names(), ['a.example', 'b.example', 'c.example']);
  assert.deepEqual([failures, source.counters.passedOver], [[], 2]);
});
