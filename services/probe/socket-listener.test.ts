import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { FlowRecord } from '#flow';
import { createLogger } from '#runtime';
import { temporaryFolder } from '../../test/support/folder.ts';
import { until } from '../../test/support/until.ts';
import { createPipeline } from './create.ts';
import { SocketListener } from './socket-listener.ts';
import { dnsEvent } from './testing/suricata-event.ts';

async function listen(file: string) {
  const records: FlowRecord[] = [];
  const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' });
  const listener = new SocketListener({
    path: file, pipeline, logger: createLogger({ name: 'test', level: 'silent' }),
    sink: { send: async (batch) => void records.push(...batch), close: async () => {} }, onFailure: (error) => { throw error; },
  });
  await listener.start();
  const names = (): string[] => records.map((record) => `${record['dns.question.name']}:${record['telltale.evidence.line']}`);
  return { listener, pipeline, records, names, [Symbol.asyncDispose]: () => listener.stop() };
}

async function writer(file: string): Promise<Socket> {
  const socket = connect(file);
  await once(socket, 'connect');
  return socket;
}

test('writers come and go, send halves of lines, and are killed; each line is read once', async () => {
  await using folder = await temporaryFolder('socket');
  const file = path.join(folder.path, 'run', 'eve.sock');
  await using listening = await listen(file);
  const { listener, pipeline, records, names } = listening;
  assert.equal((await stat(file)).mode & 0o777, 0o660);

  const first = await writer(file);
  first.write(dnsEvent('a.example').slice(0, 50));
  first.write(dnsEvent('a.example').slice(50) + dnsEvent('b.example'));
  const second = await writer(file);
  second.write(dnsEvent('c.example'));
  await until('three records', () => pipeline.records === 3);
  assert.equal(listener.writers, 2);
  first.end();
  second.end(dnsEvent('d.example').trimEnd());

  const killed = spawn(process.execPath, [
    '-e',
    `const s=require('net').connect(${JSON.stringify(file)},`
      + `()=>{s.write(${JSON.stringify(dnsEvent('e.example') + dnsEvent('f.example').slice(0, 30))});console.log('sent')})`,
  ]);
  await once(killed.stdout, 'data');
  killed.kill('SIGKILL');
  await until('all writers to be gone', () => listener.writers === 0 && pipeline.records === 5);
  (await writer(file)).end(dnsEvent('g.example'));
  await until('the last record', () => pipeline.records === 6);
  await listener.stop();

  assert.deepEqual(names().toSorted(), ['a.example:1', 'b.example:2', 'c.example:1', 'd.example:2', 'e.example:1', 'g.example:1']);
  assert.equal(records[0]!['telltale.evidence.file'], 'eve.sock');
  assert.deepEqual([listener.counters.connections, listener.counters.refused], [4, 0]);
  assert.equal(pipeline.entries.counters.get('json', 'not a JSON object'), 1, 'the half line of the killed writer');
  await assert.rejects(stat(file), { code: 'ENOENT' });
});

test('a first line whose end has not come when the probe stops is read, or counted', async () => {
  await using folder = await temporaryFolder('socket');
  const file = path.join(folder.path, 'eve.sock');
  await using listening = await listen(file);
  const { listener, pipeline, names } = listening;
  for (const line of [dnsEvent('a.example').trimEnd(), dnsEvent('b.example').slice(0, -10)]) {
    const socket = await writer(file);
    socket.on('error', () => {});
    await new Promise((resolve) => socket.write(line, resolve));
  }
  await until('the writers', () => listener.writers === 2);
  await delay(50);
  await listener.stop();
  assert.deepEqual(names(), ['a.example:1']);
  assert.equal(pipeline.entries.counters.get('json', 'not a JSON object'), 1);
});

test('what is no log, and lines without end, are refused; the others are read on', async () => {
  await using folder = await temporaryFolder('socket');
  const file = path.join(folder.path, 'eve.sock');
  await using listening = await listen(file);
  const { listener, pipeline, names } = listening;
  const stranger = await writer(file);
  stranger.on('error', () => {});
  stranger.write('GET / HTTP/1.1\r\n\r\n');
  await once(stranger, 'close');
  assert.equal(listener.counters.refused, 1);
  (await writer(file)).end('eni-1235b8ca123456789 10.0.0.5 198.51.100.7 51000 80 ACCEPT\n');
  await until('a log that does not tell its columns to be refused', () => listener.counters.refused === 2);

  const endless = await writer(file);
  endless.write(dnsEvent('a.example'));
  endless.write('{"event_type":"dns","x":"');
  for (let part = 0; part < 6; part++) endless.write('x'.repeat(1 << 20));
  endless.write(`"}\n${dnsEvent('b.example')}`);
  await until('the line behind the endless one', () => pipeline.records === 2);
  endless.destroy();
  await listener.stop();
  assert.deepEqual(names(), ['a.example:1', 'b.example:3']);
  assert.equal(pipeline.entries.counters.get('json', 'line too long'), 1);
});

test('a socket left behind is replaced; one in use, and a file, are not', async () => {
  await using folder = await temporaryFolder('socket');
  const file = path.join(folder.path, 'eve.sock');
  const left = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(file)},()=>console.log('up'))`]);
  await once(left.stdout, 'data');
  await assert.rejects(listen(file), /another process listens there already/);
  left.kill('SIGKILL');
  await once(left, 'exit');
  const { listener } = await listen(file);
  await listener.stop();
  await writeFile(file, 'mine');
  await assert.rejects(listen(file), /cannot listen on the socket .*: a file of another kind is there/);
  await assert.rejects(listen(`${file}${'x'.repeat(100)}`), /too long for the path of a socket, which has at most 107 bytes/);
});
