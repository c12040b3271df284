import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Lifecycle, createLogger, runToExit, type Component } from './runtime.ts';

/** Programs that the tests run as separate processes, since signals and exit codes are tested. */
const programs: Record<string, (lifecycle: Lifecycle) => void> = {
  normal: (lifecycle) => lifecycle.add(part('first'), part('second')),
  hangs: (lifecycle) => lifecycle.add(part('first'), { ...part('stuck'), stop: () => new Promise(() => {}) }),
  'start-fails': (lifecycle) => lifecycle.add(part('first'), { name: 'second', start: () => { throw new Error('port in use'); } }, part('third')),
  'start-hangs': (lifecycle) => lifecycle.add(part('first'), { ...part('second'), start: () => { say('waiting'); return new Promise(() => {}); } }),
  rejects: (lifecycle) => lifecycle.add(part('first'), { name: 'second', start: () => void Promise.reject(new Error('nobody listens')) }),
  throws: (lifecycle) =>
    lifecycle.add(part('first'), {
      name: 'second',
      start: () =>
        void setImmediate(() => {
          throw new Error('nobody catches');
        }),
    }),
  fails: (lifecycle) =>
    lifecycle.add(part('first'), { name: 'second', start: () => void setImmediate(() => lifecycle.fail('second', new Error('broken'))) }),
  job: (lifecycle) => lifecycle.add(part('first'), { ...part('second'), stop: () => lifecycle.leaveUndone('2 of 3 are not done', { done: 1 }) }),
  finishes: (lifecycle) => lifecycle.add(part('first'), { name: 'second', start: () => void setImmediate(() => lifecycle.finish()) }),
};

const program = process.argv[2] === 'program' ? programs[process.argv[3] ?? ''] : undefined;
if (program) {
  const shutdownMillis = process.argv[3] === 'hangs' && process.argv[4] === 'patient' ? 3_600_000 : 100;
  const lifecycle = new Lifecycle({ logger: createLogger({ name: 'test', format: 'json' }), shutdownMillis });
  program(lifecycle);
  lifecycle.add({ name: 'last', start: () => say('running') });
  const keepAlive = setInterval(() => {}, 1000);
  lifecycle.add({ name: 'timer', stop: () => clearInterval(keepAlive) });
  await runToExit(lifecycle);
} else {
  describe('a service', () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      test(`${signal}: stops in the reverse order and exits with 0`, async () => {
        const { code, said } = await run(['normal'], (line, kill) => line === 'running' && kill(signal));
        assert.deepEqual(said, ['start first', 'start second', 'running', 'stop second', 'stop first']);
        assert.equal(code, 0);
      });
    }
    test('a stop that hangs is named, the others are still stopped, and the exit code is 1', async () => {
      const { code, said, log } = await run(['hangs'], (line, kill) => line === 'running' && kill('SIGTERM'));
      assert.match(log, /stuck did not stop in time/);
      assert.equal(said.at(-1), 'stop first');
      assert.equal(code, 1);
    });
    test('a second signal ends it without waiting', async () => {
      const { code, log } = await run(
        ['hangs', 'patient'],
        (line, kill) => (line === 'running' && kill('SIGTERM')) || (line.includes('"stopping"') && kill('SIGINT')),
      );
      assert.match(log, /second signal/);
      assert.equal(code, 1);
    });
    test('a start that fails stops what was started', async () => {
      const { code, said, log } = await run(['start-fails']);
      assert.deepEqual(said, ['start first', 'stop first']);
      assert.match(log, /the service could not start[^]*port in use|port in use[^]*could not start/);
      assert.equal(code, 1);
    });
    test('a signal during a start that hangs', async () => {
      const { code, said } = await run(['start-hangs'], (line, kill) => line === 'waiting' && kill('SIGTERM'));
      assert.deepEqual(said, ['start first', 'waiting', 'stop second', 'stop first']);
      assert.equal(code, 0);
    });
    for (const [name, message] of [['rejects', 'nobody listens'], ['throws', 'nobody catches'], ['fails', 'broken']] as const) {
      test(`${name}: logged, stopped, exit code 1`, async () => {
        const { code, said, log } = await run([name]);
        assert(log.includes(message), log);
        assert.equal(said.at(-1), 'stop first');
        assert.equal(code, 1);
      });
    }
    test('what is stopped before its work is done says so and exits with 1, and stops the rest', async () => {
      const { code, said, log } = await run(['job'], (line, kill) => line === 'running' && kill('SIGTERM'));
      assert.match(log, /"level":"error".*"done":1.*2 of 3 are not done/);
      assert.equal(said.at(-1), 'stop first');
      assert.equal(code, 1);
    });
    test('finish: exit code 0', async () => {
      const { code, said } = await run(['finishes']);
      assert.equal(said.at(-1), 'stop first');
      assert.equal(code, 0);
    });
  });
}

function part(name: string): Component {
  return { name, start: () => say(`start ${name}`), stop: () => say(`stop ${name}`) };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function run(
  args: string[],
  onLine: (line: string, kill: (signal: NodeJS.Signals) => boolean) => unknown = () => {},
): Promise<{ code: number; said: string[]; log: string }> {
  const child = spawn(process.execPath, [import.meta.filename, 'program', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const line of text.split('\n')) onLine(line, (signal) => child.kill(signal));
    });
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, said: output.stdout.split('\n').filter(Boolean), log: output.stderr };
}
