import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { projectRoot } from '#runtime';
import { nodeEnvironment, nodeOptions, probeHeapOptions } from '../../test/support/node-settings.ts';

interface Compose {
  services: { probe: { entrypoint: string[] } };
}

test('the image runs Node with the options and variables with which bin/telltale runs it', async () => {
  const dockerfile = await readFile(path.join(projectRoot, 'infra', 'docker', 'Dockerfile'), 'utf8');
  // V8 takes some options from NODE_OPTIONS, and others only from the command line.
  const fromEnvironment = /\bNODE_OPTIONS="([^"]*)"/.exec(dockerfile)?.[1]!.split(' ') ?? [];
  const entrypoint = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
  const fromCommandLine = entrypoint.filter((argument) => argument.startsWith('--'));
  assert.deepEqual([...fromEnvironment, ...fromCommandLine].toSorted(), nodeOptions.toSorted());
  const variables = Object.keys(nodeEnvironment).map((name) => [name, new RegExp(`\\b${name}=(\\S+)`).exec(dockerfile)?.[1]]);
  assert.deepEqual(Object.fromEntries(variables), nodeEnvironment);

  const { services } = parse(await readFile(path.join(projectRoot, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;
  assert.deepEqual(services.probe.entrypoint, [entrypoint[0], ...probeHeapOptions, entrypoint.at(-1)]);
});
