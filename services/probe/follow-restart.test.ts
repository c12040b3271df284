/** Probes that follow files are killed without notice: nothing is lost, and what is reported twice has the same ids. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import type { FlowRecord } from '#flow';
import { temporaryFolder } from '../../test/support/folder.ts';
import { until } from '../../test/support/until.ts';
import { createPipeline } from './create.ts';
import { replayCapture } from './replay.ts';
import { dnsEvent } from './testing/suricata-event.ts';

const program = path.join(import.meta.dirname, 'testing', 'follow-process.js');

const events = (...names: string[]): string => names.map((name) => dnsEvent(`${name}.example`)).join('');

/** What a record contains: id, file, line, queried name, name of the peer. */
type Told = [id: string, file: string, line: number, name: string, domain: string];

/**
 * Without the last, unfinished line, which is still being written or was left by a probe that was killed: the flow log has not accepted it, so it is
 * reported again.
 */
function wholeLines(text: string): string[] {
  return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter((line) => line.endsWith(']'));
}

class Probe implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  stderr = '';

  constructor(folder: string, ...files: string[]) {
    this.#folder = folder;
    this.#child = spawn(process.execPath, [program, path.join(folder, 'told'), path.join(folder, 'positions.json'), ...files], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
  }

  /** Everything that the probes of this folder reported, the latest last. */
  async told(): Promise<Told[]> {
    const text = await readFile(path.join(this.#folder, 'told'), 'utf8').catch(() => '');
    return wholeLines(text).map((line) => JSON.parse(line) as Told);
  }

  async names(): Promise<string[]> {
    return (await this.told()).map(([,,, name]) => name.replace('.example', ''));
  }

  async until(...names: string[]): Promise<void> {
    await until(`${names.length} names to be told, ${names.at(-1)} the last`, async () => {
      if (this.#child.exitCode !== null) throw new Error(this.stderr);
      const told = new Set(await this.names());
      return names.every((name) => told.has(name));
    }, 20_000);
  }

  /** The positions say that the first `bytes` of a file were read. */
  async hasKept(file: string, bytes: number): Promise<void> {
    await until(`${bytes} bytes of ${file} to be kept`, async () => {
      const { files } = JSON.parse(
        await readFile(path.join(this.#folder, 'positions.json'), 'utf8').catch(() => '{"files":[]}'),
      ) as { files: { path: string; offset: number }[] };
      return files.some((one) => one.path === file && one.offset === bytes);
    }, 20_000);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SIGKILL');
  }
}

test('half a line, of a probe that was killed or is writing, is none', () => {
  assert.deepEqual(wholeLines('["a"]\n["b","c\n\n["b"]\n["c"'), ['["a"]', '["b"]']);
  assert.deepEqual(wholeLines('["a"]'), []);
});

describe('a log', { concurrency: true }, () => {
  test('goes on where the killed probe had stopped, with its line numbers; half a line is read whole', async () => {
    await using folder = await temporaryFolder('restart');
    const file = path.join(folder.path, 'eve.json');
    const [half, rest] = [events('c').slice(0, 60), events('c').slice(60)];
    await writeFile(file, events('a', 'b') + half);
    {
      await using first = new Probe(folder.path, file);
      await first.until('a', 'b');
      await first.hasKept(file, events('a', 'b').length);
    }
    await appendFile(file, rest + events('d'));
    await using second = new Probe(folder.path, file);
    await second.until('c', 'd');
    const told = await second.told();
    assert.deepEqual(told.map(([,, line, name]) => [line, name]), [[1, 'a.example'], [2, 'b.example'], [3, 'c.example'], [4, 'd.example']]);
    await second.end('SIGTERM');
    assert.equal((await second.told()).length, 4);
  });

  test('its rest is read where it was renamed, with what came between, or copied and truncated, while nobody read it', async () => {
    for (const rotate of ['rename', 'copy'] as const) {
      await using folder = await temporaryFolder('restart');
      const file = path.join(folder.path, 'eve.json');
      const many = Array.from({ length: 20 }, (_, index) => `a${index}`);
      await writeFile(file, events(...many));
      {
        await using first = new Probe(folder.path, file);
        await first.until(...many);
        await first.hasKept(file, events(...many).length);
      }
      await appendFile(file, events('rest'));
      if (rotate === 'rename') {
        await rename(file, `${file}.1`);
        await writeFile(file, events('between'));
        await rename(`${file}.1`, `${file}.2`);
        await rename(file, `${file}.1`);
        await writeFile(file, events('new'));
      } else {
        await copyFile(file, `${file}.1`);
        await truncate(file, 0);
        await appendFile(file, events('between', 'new'));
      }
      await writeFile(path.join(folder.path, 'eve.json.notes'), events('other'));
      await using second = new Probe(folder.path, file);
      await second.until('rest', 'between', 'new');
      await second.end('SIGTERM');
      assert.deepEqual((await second.told()).map(([, name, line, query]) => [name, line, query]).slice(20), rotate === 'rename'
        ? [['eve.json.2', 21, 'rest.example'], ['eve.json.1', 1, 'between.example'], ['eve.json', 1, 'new.example']]
        : [['eve.json.1', 21, 'rest.example'], ['eve.json', 1, 'between.example'], ['eve.json', 2, 'new.example']]);
      assert.doesNotMatch(second.stderr, /was not read/);
    }
  });

  test('a rest that is gone is told with its place, and the new file is read', async () => {
    await using folder = await temporaryFolder('restart');
    const file = path.join(folder.path, 'eve.json');
    await writeFile(file, events('a', 'b'));
    {
      await using first = new Probe(folder.path, file);
      await first.until('a', 'b');
      await first.hasKept(file, events('a', 'b').length);
    }
    await rm(file);
    await writeFile(file, events('c'));
    await using second = new Probe(folder.path, file);
    await second.until('c');
    assert.match(second.stderr, new RegExp(`"file":"eve.json","offset":${events('a', 'b').length}.*was not read`));
  });

  test('killed again and again while it grows and is rotated, nothing is lost, and what is told twice has one id', { timeout: 120_000 }, async () => {
    await using folder = await temporaryFolder('restart');
    const file = path.join(folder.path, 'eve.json');
    const written = ['first'];
    await writeFile(file, events('first'));
    {
      await using first = new Probe(folder.path, file);
      await first.hasKept(file, events('first').length);
    }
    const write = async (count: number): Promise<void> => {
      const names = Array.from({ length: count }, () => `n${written.length}-${count}`).map((name, index) => `${name}-${index}`);
      written.push(...names);
      await appendFile(file, events(...names));
    };
    for (let round = 0; round < 8; round++) {
      await using probe = new Probe(folder.path, file);
      for (let burst = 0; burst < 15; burst++) {
        await write(30);
        await delay(15 + ((round * 7 + burst * 11) % 20));
        if (burst === 7 && round % 2 === 1) {
          await rename(file, `${file}.${round}`);
          await writeFile(file, '');
        }
      }
      if (round % 3 === 2) await probe.until(written.at(-1)!);
      await probe.end('SIGKILL');
      await write(5);
    }
    await using last = new Probe(folder.path, file);
    await last.until(...written);
    await last.end('SIGTERM');
    const told = await last.told();
    const ids = new Map(told.map(([id,,, name]) => [name, id]));
    assert.deepEqual(written.filter((name) => !ids.has(`${name}.example`)), []);
    assert.equal(new Set(told.map(([id]) => id)).size, written.length, 'what is told twice has one id');
    assert.ok(told.length < written.length * 3, `${told.length} told of ${written.length} written`);
  });

  test('a Zeek log goes on with the columns of its head; flows are known from before', async () => {
    await using folder = await temporaryFolder('restart');
    const file = path.join(folder.path, 'current.log');
    const head =
      '#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n#open\t2024-01-01-00-00-00\n'
        + '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmethod\turi\thost\n'
        + '#types\ttime\tstring\taddr\tport\taddr\tport\tstring\tstring\tstring\n';
    const row = (second: number, name: string): string => `170000000${second}.5\tCa1\t10.0.0.5\t51000\t198.51.100.7\t80\tGET\t/${second}\t${name}\n`;
    await writeFile(file, head + row(1, 'one.example'));
    {
      await using first = new Probe(folder.path, file);
      await first.hasKept(file, (head + row(1, 'one.example')).length);
    }
    await appendFile(file, row(2, '-'));
    await using second = new Probe(folder.path, file);
    await until('the second row to be told', async () => (await second.told()).length === 2);
    assert.deepEqual(
      (await second.told()).map(([, name, line, , domain]) => [name, line, domain]),
      [
        ['current.log', 9, 'one.example'],
        ['current.log', 10, 'one.example'],
      ],
    );
  });
});

test('positions that cannot be read are told, and everything is read anew under the same ids', async () => {
  for (const broken of ['{"version":1,"files":[{"path":"x"}]}', 'no JSON', '{"version":99,"files":[]}']) {
    await using folder = await temporaryFolder('restart');
    const file = path.join(folder.path, 'eve.json');
    await writeFile(file, events('a', 'b'));
    {
      await using first = new Probe(folder.path, file);
      await first.until('a', 'b');
      await first.end('SIGTERM');
    }
    await writeFile(path.join(folder.path, 'positions.json'), broken);
    await using second = new Probe(folder.path, file);
    await until('all to be told again', async () => (await second.told()).length === 4);
    assert.equal(new Set((await second.told()).map(([id]) => id)).size, 2);
    assert.match(second.stderr, /positions\.json.*the file of positions cannot be used/);
  }
});

test('a folder: new files, renamed ones, ones that are no log, and compressed ones', async () => {
  await using folder = await temporaryFolder('restart');
  await using logs = await temporaryFolder('logs');
  const file = path.join(logs.path, 'eve.json');
  await writeFile(file, events('a'));
  await writeFile(path.join(logs.path, 'stats.log'), 'Date: today\n');
  await writeFile(path.join(logs.path, 'old.json.gz'), gzipSync(events('old')));
  {
    await using first = new Probe(folder.path, logs.path);
    await first.until('a');
    await rename(file, `${file}.1`);
    await writeFile(file, events('b'));
    await writeFile(path.join(logs.path, 'more.json'), events('c'));
    await first.until('b', 'c');
    await first.hasKept(path.join(logs.path, 'more.json'), events('c').length);
    await first.hasKept(file, events('b').length);
  }
  await appendFile(file, events('d'));
  await using second = new Probe(folder.path, logs.path);
  await second.until('d');
  await delay(200);
  assert.deepEqual((await second.names()).toSorted(), ['a', 'b', 'c', 'd']);
  assert.match(second.stderr, /old\.json\.gz.*is compressed/);
});

test('a capture that grows is read from its beginning by the next probe: flows that were open are whole, ids are the same', async () => {
  await using folder = await temporaryFolder('restart');
  const file = path.join(folder.path, 'growing.pcap');
  const builder = new CaptureBuilder();
  const server = { ip: '192.0.2.1', port: 80 };
  const connection = builder.tcp({ client: { ip: '10.0.0.1', port: 40_000 }, server, at: 1_700_000_000_000_000 }).handshake();
  for (let request = 0; request < 40; request++) {
    connection.send(httpRequest('GET', `/v1/join?uid=${1_840_273_651 + request}`, { Host: 'api.example.org' })).receive(httpResponse('200 OK'));
  }
  connection.close();
  const capture = builder.pcap();
  const middle = Math.floor(capture.length * 0.6);
  await writeFile(file, capture.subarray(0, middle));
  {
    await using first = new Probe(folder.path, file);
    await until('records of the first half', async () => (await first.told()).length > 5);
  }
  await appendFile(file, capture.subarray(middle));
  await using second = new Probe(folder.path, file);
  const expected: FlowRecord[] = [];
  await replayCapture({ path: file, name: 'growing.pcap', size: 0, found: false }, {
    pipeline: createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' }), send: async (records) => void expected.push(...records),
  });
  const wanted = new Set(expected.map((record) => record['event.id']));
  await until('the rest', async () => new Set((await second.told()).map(([id]) => id)).size >= wanted.size - 1);
  await second.end('SIGTERM');
  assert.deepEqual(new Set((await second.told()).map(([id]) => id)), wanted);

  // It was read to its end, and is not read again until it grows.
  const told = (await second.told()).length;
  await using third = new Probe(folder.path, file);
  await delay(400);
  await third.end('SIGTERM');
  assert.equal((await third.told()).length, told);
});
