/** Real captures of loopback by the programs installed here, and programs that fail like the real ones. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { CaptureBuilder, httpRequest } from '#capture';
import type { FlowRecord } from '#flow';
import { createLogger } from '#runtime';
import { temporaryFolder } from '../../test/support/folder.ts';
import { until } from '../../test/support/until.ts';
import { captureArguments, complaintOf, findCaptureProgram, interfacePattern, tcpdumpDrops } from './capture-program.ts';
import { createPipeline } from './create.ts';
import { LiveSource } from './live-source.ts';
import type { ProbePipeline } from './pipeline.ts';

const user = '1840273651';
const request = { interface: 'lo', filter: '', snapLength: 262_144, bufferBytes: 2 * 1024 ** 2 };

interface Live extends AsyncDisposable {
  source: LiveSource;
  pipeline: ProbePipeline;
  records: FlowRecord[];
  failures: unknown[];
  /** The logged messages, with their level. */
  logged: string[];
}

function live(program: string, filter = '', device = 'lo'): Live {
  const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test', monitoredNetworks: ['127.0.0.0/8'] });
  const records: FlowRecord[] = [];
  const failures: unknown[] = [];
  const logged: string[] = [];
  const logger = createLogger({ name: 'test', level: 'info', destination: { write: (line) => {
    const { level, msg } = JSON.parse(line) as { level: string; msg: string };
    logged.push(`${level} ${msg}`);
  } } });
  const source = new LiveSource({
    request: { ...request, interface: device, filter }, program, pipeline, logger, now: () => Date.now() * 1000,
    sink: { send: async (batch) => void records.push(...batch), close: async () => {} }, onFailure: (error) => failures.push(error),
  });
  return { source, pipeline, records, failures, logged, [Symbol.asyncDispose]: () => source.stop() };
}

/** False if this user may not capture; the test is then skipped loudly. */
async function starts({ source }: Live, t: TestContext, program: string): Promise<boolean> {
  try {
    await source.start();
    return true;
  } catch (error) {
    process.stderr.write(`\n!!! SKIPPED: ${program} cannot capture on loopback here: ${(error as Error).message}\n\n`);
    t.skip('capturing is not permitted');
    return false;
  }
}

for (const program of ['dumpcap', 'tcpdump']) {
  test(`${program}: traffic on an interface becomes records; a killed child is started again and counted`, async (t) => {
    const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = async (path: string): Promise<void> => void await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    try {
      await using capture = live(program, `tcp port ${port}`);
      if (!(await starts(capture, t, program))) return;
      const { source, records, pipeline } = capture;
      const paths = (): string[] => records.map((record) => record['url.path']).filter(Boolean);

      await ask(`/v1/users/${user}/rooms?uid=${user}`);
      await until('the request to be recorded', () => paths().length > 0);
      const [first] = records.filter((record) => record['url.path']);
      assert.equal(first!['url.path'], '/v1/users/{user_id}/rooms');
      assert.deepEqual(first!['telltale.observables'].map(({ kind, visibility }) => `${kind} ${visibility}`), ['user_id cleartext']);
      assert.deepEqual([first!['telltale.evidence.file'], first!['destination.port'], first!['telltale.subject.ip']], ['lo', port, '127.0.0.1']);
      assert.ok(source.delaySeconds < 60);
      source.check();

      process.kill(source.pid, 'SIGKILL');
      await until('the child to be started again', () => source.counters.restarts === 1 && source.pid > 0);
      await until('the new child to capture', async () => {
        await ask('/after');
        return paths().includes('/after');
      });
      assert.ok(!JSON.stringify(records).includes(user));
      assert.deepEqual(capture.failures, []);

      const child = source.pid;
      await source.stop();
      assert.throws(() => process.kill(child, 0), { code: 'ESRCH' });
      assert.ok(records.some((record) => record['telltale.flow.state'] === 'end'), 'flows are ended at the stop');
      assert.equal(pipeline.capture.kernelDrops, 0);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test(`${program}: what the kernel drops while the program does not run is counted`, async (t) => {
    const target = createSocket('udp4');
    await new Promise<void>((resolve) => target.bind(0, '127.0.0.1', resolve));
    const { port } = target.address();
    try {
      await using capture = live(program, `udp port ${port}`);
      if (!(await starts(capture, t, program))) return;
      const { source, pipeline } = capture;
      process.kill(source.pid, 'SIGSTOP');
      const datagram = Buffer.alloc(1400);
      // More than its buffer holds.
      for (let burst = 0; burst < 100; burst++) {
        await Promise.all(Array.from({ length: 100 }, () => new Promise((resolve) => target.send(datagram, port, '127.0.0.1', resolve))));
      }
      process.kill(source.pid, 'SIGCONT');
      await until('what was kept to be read', () => pipeline.capture.packets > 0);
      await source.stop();
      assert.ok(pipeline.capture.kernelDrops > 0);
      assert.ok(
        pipeline.capture.packets + pipeline.capture.kernelDrops >= 10_000,
        `${pipeline.capture.packets} packets, ${pipeline.capture.kernelDrops} dropped`,
      );
    } finally {
      target.close();
    }
  });

  test(`${program}: an interface that is none, and a filter that cannot be, are told in the program's words`, async (t) => {
    if (await findCaptureProgram(program) === null) return t.skip('not installed');
    await using unfiltered = live(program, 'no such filter (');
    await assert.rejects(unfiltered.source.start(), new RegExp(`${program} cannot capture on lo: it ended with status 1: ${program}: .+`));
    await using none = live(program, '', 'none0');
    await assert.rejects(none.source.start(), new RegExp(`${program} cannot capture on none0: .+none0.+/${program} -D lists the interfaces`));
  });
}

describe('a program that misbehaves', () => {
  /** A `tcpdump` written as a shell script. */
  async function script(folder: string, body: string): Promise<string> {
    const file = path.join(folder, 'tcpdump');
    await writeFile(file, `#!/bin/sh\n${body}\n`);
    await chmod(file, 0o755);
    return file;
  }

  test('its drops are counted once, over restarts; damage in what it writes ends it', async () => {
    await using folder = await temporaryFolder('live');
    const builder = new CaptureBuilder();
    builder.tcp({ client: { ip: '10.0.0.1', port: 40_000 }, server: { ip: '192.0.2.1', port: 80 }, at: 1_700_000_000_000_000 }).handshake()
      .send(httpRequest('GET', `/?uid=${user}`, { Host: 'api.example.org' }));
    const capture = builder.pcap();
    await writeFile(path.join(folder.path, 'capture'), Buffer.concat([capture, Buffer.alloc(64, 0xff)]));
    const program = await script(folder.path, [
      'trap \'echo "4 packets dropped by kernel" >&2; echo "2 packets dropped by interface" >&2; exit 0\' TERM',
      'echo "tcpdump: 9 packets captured, 12 packets received by filter, 0 packets dropped by kernel" >&2',
      `cat ${folder.path}/capture`,
      'while :; do sleep 0.05; done',
    ].join('\n'));
    await using ours = live(program);
    await ours.source.start();
    await until('the damage to be met and the child to be started again', () => ours.source.counters.restarts >= 1);
    const { kernelDrops, interfaceDrops } = ours.pipeline.capture;
    assert.ok(kernelDrops >= 4 && kernelDrops % 4 === 0 && interfaceDrops === kernelDrops / 2, `${kernelDrops} ${interfaceDrops}`);
    assert.ok(ours.records.some((record) => record['url.query'] === 'uid={user_id}') || ours.pipeline.pending > 0);
    assert.deepEqual(ours.failures, []);
  });

  test('ends for one reason are told once, as are drops, and that packets come again', async () => {
    await using folder = await temporaryFolder('live');
    const builder = new CaptureBuilder();
    builder.udp({
      client: { ip: '10.0.0.1', port: 40_000 }, server: { ip: '192.0.2.1', port: 53 }, at: 1_700_000_000_000_000,
    }).send(Buffer.from('x'));
    await writeFile(path.join(folder.path, 'head'), new CaptureBuilder().pcap());
    await writeFile(path.join(folder.path, 'capture'), builder.pcap());
    const program = await script(folder.path, [
      `cd ${folder.path}; echo run >> runs; runs=$(wc -l < runs)`,
      'if [ $runs -lt 4 ]; then cat head; echo "tcpdump: error $runs: The interface disappeared" >&2; exit 1; fi',
      'cat capture; echo "7 packets dropped by kernel" >&2; while :; do sleep 0.05; done',
    ].join('\n'));
    await using ours = live(program);
    await ours.source.start();
    await until('packets to come', () => ours.pipeline.capture.packets > 0);
    await until('the drops to be told', () => ours.logged.some((line) => line.includes('dropped')));
    const words = ours.logged.map((line) => line.replace(/:.*/, ''));
    assert.deepEqual(words, [
      'info capturing', 'error the capture program ended', 'info packets are arriving again', 'warn packets were dropped before they could be read',
    ]);
    assert.deepEqual([ours.source.counters.restarts, ours.pipeline.capture.kernelDrops], [3, 7]);
  });

  test('one that does not end when asked is killed', async () => {
    await using folder = await temporaryFolder('live');
    await writeFile(path.join(folder.path, 'capture'), new CaptureBuilder().pcap());
    const program = await script(folder.path, `cat ${folder.path}/capture\ntrap '' TERM\nwhile :; do sleep 0.05; done`);
    await using ours = live(program);
    await ours.source.start();
    const child = ours.source.pid;
    await ours.source.stop();
    assert.throws(() => process.kill(child, 0), { code: 'ESRCH' });
  });

  test('one that is not there is named', async () => {
    await assert.rejects(live('/nowhere/dumpcap').source.start(), /there is no program \/nowhere\/dumpcap to capture with/);
  });
});

test('arguments: a filter is one argument, and never an option', () => {
  const filter = '-x or not port 22';
  const ours = { ...request, interface: 'eth0', filter };
  assert.deepEqual(captureArguments({ name: 'dumpcap', path: '' }, ours), ['-i', 'eth0', '-w', '-', '-s', '262144', '-q', '-B', '2', '-f', filter]);
  assert.deepEqual(captureArguments({ name: 'tcpdump', path: '' }, ours), [
    '-i', 'eth0', '-w', '-', '-s', '262144', '-U', '-n', '-B', '2048', '--', filter,
  ]);
  for (const name of ['lo', 'eth0.100', 'br-lan', 'any', 'wlan0:1']) assert.match(name, interfacePattern);
  for (const name of ['-', '-w', '/tmp/fifo', 'TCP@192.0.2.1:19000', 'a b', '']) assert.doesNotMatch(name, interfacePattern);
});

test('what the programs say at their end', () => {
  const advice =
    'Capturing on \'lo\'\ndumpcap: You do not have permission to capture on device "lo".\n(socket: Operation not permitted)\n\n'
      + '    sudo dpkg-reconfigure wireshark-common\n';
  assert.equal(complaintOf({ name: 'dumpcap', path: '' }, advice), 'dumpcap: You do not have permission to capture on device "lo"');
  assert.equal(
    complaintOf({ name: 'tcpdump', path: '' }, 'tcpdump: 1 packet captured, 1 packet received by filter, 0 packets dropped by kernel\ngoodbye\n'),
    'goodbye',
  );
  assert.equal(complaintOf({ name: 'tcpdump', path: '' }, ''), 'it said nothing');
  assert.deepEqual(tcpdumpDrops('5 packets dropped by kernel\n1 packet dropped by interface\n7 packets dropped by kernel\n'), {
    kernel: 7,
    interface: 1,
  });
});
