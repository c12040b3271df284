/**
 * A ClickHouse server for tests, found in this order:
 * 1. `TELLTALE_TEST_CLICKHOUSE`: one that is already running, `http://user:password@host:8123`;
 * 2. a container, when a Docker engine answers;
 * 3. the embedded engine behind a small HTTP server (libs/store/loopback.ts), in a process of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { createClient } from '@clickhouse/client';
import { dockerAnswers } from './docker.ts';

const image = 'clickhouse/clickhouse-server:25.8';

export interface TestClickHouse extends AsyncDisposable {
  readonly url: string;
  /** A database for this test alone; it does not exist yet, and is dropped at the end. */
  readonly database: string;
  /** Folder of the engine's files; null where it is not on this machine. */
  readonly dataFolder: string | null;
}

export async function startClickHouse(): Promise<TestClickHouse> {
  const database = `telltale_test_${process.pid}`;
  const external = process.env['TELLTALE_TEST_CLICKHOUSE'];
  if (external) return { url: external, database, dataFolder: null, [Symbol.asyncDispose]: () => drop(external, database) };
  return await dockerAnswers() ? startContainer(database) : startLoopback(database);
}

async function drop(url: string, database: string): Promise<void> {
  const client = createClient({ url });
  await client.command({ query: `DROP DATABASE IF EXISTS ${database}` });
  await client.close();
}

async function startContainer(database: string): Promise<TestClickHouse> {
  const { ClickHouseContainer } = await import('@testcontainers/clickhouse');
  const container = await new ClickHouseContainer(image).start();
  const url = new URL(container.getHttpUrl());
  url.username = container.getUsername();
  url.password = container.getPassword();
  return { url: url.href, database, dataFolder: null, [Symbol.asyncDispose]: async () => void (await container.stop()) };
}

async function startLoopback(database: string): Promise<TestClickHouse> {
  const folder = await mkdtemp(join(tmpdir(), 'telltale-clickhouse-'));
  const server = spawn(process.execPath, [join(import.meta.dirname, 'clickhouse-loopback.js'), folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(server.stdout).once('line', resolve);
    server.once('exit', (code) => reject(new Error(`ClickHouse for the tests ended with ${code}`)));
  });
  return {
    url, database, dataFolder: folder,
    async [Symbol.asyncDispose]() {
      server.stdin.end();
      if (server.exitCode === null) await once(server, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
