import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CaptureBuilder, httpRequest } from '#capture';
import type { FlowRecord } from '#flow';
import { createLogger } from '#runtime';
import { temporaryFolder } from '../../test/support/folder.ts';
import { until } from '../../test/support/until.ts';
import { createPipeline } from './create.ts';
import { FollowSource } from './follow-source.ts';
import { dnsEvent } from './testing/suricata-event.ts';

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
  const untilTold = async (...expected: string[]): Promise<void> => {
    for (let attempt = 0; attempt < 1000 && names().length < expected.length; attempt++) await delay(5);
    assert.deepEqual(names(), expected);
  };
  try {
    source.start();
    await delay(20);
    await writeFile(file, dnsEvent('a.example'));
    await untilTold('a.example:1');
    const [half, rest] = [dnsEvent('b.example').slice(0, 50), dnsEvent('b.example').slice(50)];
    await appendFile(file, half);
    await delay(30);
    await appendFile(file, rest);
    await untilTold('a.example:1', 'b.example:2');

    await appendFile(file, dnsEvent('c.example').trimEnd());
    await rename(file, `${file}.1`);
    await writeFile(file, dnsEvent('d.example'));
    await untilTold('a.example:1', 'b.example:2', 'c.example:3', 'd.example:1');

    await truncate(file, 0);
    await delay(50);
    await appendFile(file, dnsEvent('e.example'));
    await untilTold('a.example:1', 'b.example:2', 'c.example:3', 'd.example:1', 'e.example:1');
    await appendFile(file, dnsEvent('f.example').trimEnd());
    await delay(30);
  } finally {
    await source.stop();
    await rm(folder, { recursive: true });
  }
  // An unfinished line may still be completed.
  await untilTold('a.example:1', 'b.example:2', 'c.example:3', 'd.example:1', 'e.example:1');
});

test('in a folder, what has not grown for a while counts as read: a document is read then, a capture need not be read again', async () => {
  await using folder = await temporaryFolder('follow');
  await using state = await temporaryFolder('positions');
  const positions = path.join(state.path, 'positions.json');
  const har = (host: string): string => JSON.stringify({ log: { version: '1.2', entries: [{
    startedDateTime: '2024-05-01T12:00:00Z', serverIPAddress: '198.51.100.7',
    request: { method: 'GET', url: `http://${host}/`, headers: [] }, response: { status: 200, headers: [], content: {} },
  }] } });
  const connection = (port: number): CaptureBuilder => {
    const builder = new CaptureBuilder();
    builder
      .tcp({ client: { ip: '10.0.0.1', port }, server: { ip: '192.0.2.1', port: 80 }, at: 1_700_000_000_000_000 })
      .handshake()
      .send(httpRequest('GET', `/${port}`, { Host: 'c.example' }));
    return builder;
  };
  const start = () => {
    const told: string[] = [];
    const source = new FollowSource({
      files: [folder.path], positions, pipeline: createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' }),
      logger: createLogger({ name: 'test', level: 'silent' }),
      pollInterval: 5, scanInterval: 10, settleInterval: 60,
      sink: {
        send: async (batch) => void told.push(
          ...batch.map((record) => `${record['url.domain'] || record['telltale.flow.state']}${record['url.path']}`),
        ),
        close: async () => {},
      },
      onFailure: (error) => { throw error; },
    });
    void source.start();
    return { told, [Symbol.asyncDispose]: () => source.stop() };
  };
  await writeFile(path.join(folder.path, 'a.har'), har('a.example'));
  await writeFile(path.join(folder.path, 'c.pcap'), connection(1001).pcap());
  await using first = start();
  await until('both to be told', () => first.told.includes('a.example/') && first.told.includes('c.example/1001'));
  const keptOffsets = async (): Promise<number[]> =>
    [...(await readFile(positions, 'utf8').catch(() => '')).matchAll(/"offset":(\d+)/g)].map(([, offset]) => Number(offset));
  await until('both to be kept', async () => (await keptOffsets()).filter((offset) => offset > 0).length === 2);
  const other = har('other.example');
  await writeFile(path.join(folder.path, 'a.har'), other);
  await until('the document to be read again', () => first.told.includes('other.example/'));
  await until('that to be kept', async () => (await keptOffsets()).includes(other.length));

  // As after a SIGKILL of the first source.
  await appendFile(path.join(folder.path, 'c.pcap'), connection(1002).pcap().subarray(24));
  await using second = start();
  await until('the capture that grew to be read from its beginning', () => second.told.includes('c.example/1002'));
  assert.deepEqual(second.told.filter((one) => one.includes('/')), ['c.example/1001', 'c.example/1002']);
});

/** A source that checks often, with its records and its log messages. `accepted` is awaited for each batch. */
async function follow(files: string[], positions: string, accepted: () => Promise<void> = async () => {}) {
  const names: string[] = [];
  const lines: string[] = [];
  const source = new FollowSource({
    files, positions, pipeline: createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' }),
    logger: createLogger({ name: 'test', format: 'text', destination: { write: (line) => lines.push(line) } }),
    pollInterval: 5, scanInterval: 200, settleInterval: 20,
    sink: {
      send: async (batch) => {
        await accepted();
        names.push(...batch.map((record) => record['dns.question.name'].replace('.example', '')));
      },
      close: async () => {},
    },
    onFailure: (error) => { throw error; },
  });
  await source.start();
  return { source, names, lines, [Symbol.asyncDispose]: () => source.stop() };
}

const events = (...names: string[]): string => names.map((name) => dnsEvent(`${name}.example`)).join('');

test('of a quiet log, what is written just before it is moved away is read too', async () => {
  await using folder = await temporaryFolder('follow');
  await using elsewhere = await temporaryFolder('archive');
  const file = path.join(folder.path, 'eve.json');
  await writeFile(file, events('a'));
  await using followed = await follow([folder.path], path.join(elsewhere.path, 'positions.json'));
  await until('the first line to be told', () => followed.names.includes('a'));
  await delay(100);
  await appendFile(file, events('b'));
  await rename(file, path.join(elsewhere.path, 'archived.json'));
  await until('the line before the move to be told', () => followed.names.includes('b'));

  await writeFile(file, events('c'));
  await until('the new log to be told', () => followed.names.includes('c'));
  await delay(100);
  await appendFile(file, events('d'));
  await rename(file, path.join(elsewhere.path, 'archived.json'));
  await writeFile(file, events('e'));
  await until('both to be told', () => followed.names.includes('d') && followed.names.includes('e'));
  assert.deepEqual(followed.names.toSorted(), ['a', 'b', 'c', 'd', 'e']);
});

test('a log that was truncated and is longer again than it was, while the flow log was slow, is read from its beginning', async () => {
  await using folder = await temporaryFolder('follow');
  const file = path.join(folder.path, 'eve.json');
  const gate = Promise.withResolvers<void>();
  await writeFile(file, events('a'));
  await using followed = await follow([file], `${file}.positions`, () => gate.promise);
  await delay(50);
  await truncate(file, 0);
  await writeFile(file, events('b', 'c', 'd'));
  gate.resolve();
  await until('all to be told', () => followed.names.length >= 4);
  assert.deepEqual(followed.names, ['a', 'b', 'c', 'd']);
});

test('a log in UTF-16 is read on as it grows, also by the next run', async () => {
  await using folder = await temporaryFolder('follow');
  for (const encode of [(text: string) => Buffer.from(text, 'utf16le'), (text: string) => Buffer.from(text, 'utf16le').swap16()]) {
    await using log = await temporaryFolder('log');
    const [file, positions] = [path.join(log.path, 'eve.json'), path.join(folder.path, `${path.basename(log.path)}.positions`)];
    await writeFile(file, encode(`\uFEFF${events('a')}`));
    {
      await using followed = await follow([log.path], positions);
      await until('the first line to be told', () => followed.names.includes('a'));
      // It sleeps, then grows by a line that arrives in two parts, the first of which ends in the middle of a character.
      await delay(60);
      const line = encode(events('b'));
      await appendFile(file, line.subarray(0, 101));
      await delay(60);
      await appendFile(file, line.subarray(101));
      await until('the second line to be told', () => followed.names.includes('b'));
      await delay(60);
      assert.deepEqual(followed.names, ['a', 'b']);
    }
    await appendFile(file, encode(events('c')));
    await using next = await follow([log.path], positions);
    await until('the third line to be told', () => next.names.includes('c'));
    assert.deepEqual(next.names, ['c']);
    assert.deepEqual([next.source.counters.resumed, next.source.counters.passedOver], [1, 0]);
    assert.deepEqual(next.lines.filter((one) => /line=2/.test(one)).length, 1);
  }
});

test('a file that cannot be read is told once, counted, and read when it can be; others go on', async () => {
  await using folder = await temporaryFolder('follow');
  const [good, blocked] = [path.join(folder.path, 'eve.json'), path.join(folder.path, 'blocked', 'eve.json')];
  await writeFile(good, events('a'));
  // Not even root can open a file in a path that is not a folder.
  await writeFile(path.dirname(blocked), '');
  await using followed = await follow([blocked, good, path.join(folder.path, 'later.json')], `${good}.positions`);
  await until('the other file to be told', () => followed.names.includes('a'));
  await delay(50);
  assert.equal(
    followed.lines.filter(
      (line) => /error .*the file cannot be read and will be tried again .*a file stands where a folder is needed/.test(line),
    ).length,
    1,
    followed.lines.join(''),
  );
  assert.equal(
    followed.lines.filter((line) => /warn .*the file cannot be read yet: waiting for it .*later\.json.*no such file/.test(line)).length,
    1,
    followed.lines.join(''),
  );
  assert.equal(followed.source.counters.passedOver, 1);

  await rm(path.dirname(blocked));
  await mkdir(path.dirname(blocked));
  await writeFile(blocked, events('b'));
  await until('it to be told', () => followed.names.includes('b'));
});

test('a log that does not tell its columns is told, in a folder too, and others go on', async () => {
  await using folder = await temporaryFolder('follow');
  await writeFile(path.join(folder.path, 'a.log'), 'eni-1235b8ca123456789 10.0.0.5 198.51.100.7 51000 80 ACCEPT\n');
  await writeFile(path.join(folder.path, 'b.json'), events('b'));
  await writeFile(path.join(folder.path, 'c.txt'), 'no log at all\n');
  await using followed = await follow([folder.path], `${folder.path}.positions`);
  await until('the other file to be told', () => followed.names.includes('b'));
  await until('all to be looked at', () => followed.source.counters.passedOver === 2);
  const errors = followed.lines.filter((line) => line.includes('error'));
  assert.deepEqual(
    errors.map((line) => /the VPC flow log .* lacks the line that names its columns.*file=a\.log/.test(line)), [true], errors.join(''),
  );
});

test('what is neither file nor folder is refused', async () => {
  await using folder = await temporaryFolder('follow');
  await assert.rejects(follow(['/dev/null'], path.join(folder.path, 'positions.json')), /neither a file nor a folder.*without --follow/);
});
