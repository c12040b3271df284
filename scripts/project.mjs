// Installing and building with nothing but the system's Node (20 or later) and npm: no dependency may be imported here.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..');
/** Node as pinned in package.json: the system's may be older. */
export const node = path.join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/**
 * The space for new objects would grow to 128 MiB, the heap to several times what is live in it, and neither makes Telltale faster
 * (docs/performance.md, Memory). The image has the same settings: infra/docker/Dockerfile.
 */
const heapOptions = ['--max-semi-space-size=16', '--heap-growing-percent=100'];

/**
 * A probe makes little garbage that lives long: with less room for it, it takes a sixth less memory and hardly more time. What finds and stores takes
 * a tenth more time with that.
 */
export const probeHeapOptions = ['--max-semi-space-size=8', '--heap-growing-percent=40'];

/** kafkajs 2.2 sets timers in the past, which Node 24 warns about at each one. */
export const nodeOptions = ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning', ...heapOptions];

/**
 * glibc would give each thread that compiles or collects an arena of its own, and keep what they once held: from 64 KiB on, what is freed goes back to
 * the system. Read as a process starts.
 */
export const nodeEnvironment = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' };

/** The options of Node for a command of the command line; of those that contradict each other, the last counts. */
export function optionsFor(command) {
  return command === 'probe' ? [...nodeOptions, ...probeHeapOptions] : nodeOptions;
}

const sourceFolders = ['libs', 'services', 'infra', 'test'];
/** npm writes it when all is installed. */
const installedLock = path.join(root, 'node_modules', '.package-lock.json');

/** Installs what the lock file asks for, unless node_modules already holds it. */
export function install() {
  if (existsSync(node) && modified(installedLock) >= modified(path.join(root, 'package-lock.json'))) return;
  console.error('telltale: installing dependencies (once, about a minute) …');
  // stdout belongs to the command that is about to run; npm reports on stderr.
  run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { shell: process.platform === 'win32', stdio: ['ignore', 2, 2] });
}

/** When a file was changed last, ms since 1970; 0 where it does not exist. */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Compiles TypeScript into dist/; incremental, so that a second run takes a moment. */
export function build() {
  removeStaleOutput();
  run(node, [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', root], { stdio: ['ignore', 2, 2] });
}

export function lint() {
  run(node, [path.join(root, 'node_modules', 'oxlint', 'bin', 'oxlint'), '--deny-warnings'], { stdio: ['ignore', 2, 2] });
}

/** Runs a command to its end; a failure ends this process with the same status. */
export function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) {
    console.error(`telltale: cannot run ${command}: ${error.message}`);
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? (signal ? 130 : 1));
}

/** A test whose source is gone must not go on running from dist/. */
function removeStaleOutput() {
  for (const folder of sourceFolders) {
    const compiled = path.join(root, 'dist', folder);
    if (!existsSync(compiled)) continue;
    for (const file of readdirSync(compiled, { recursive: true })) {
      if (!file.endsWith('.js') || existsSync(path.join(root, folder, file.replace(/\.js$/, '.ts')))) continue;
      rmSync(path.join(compiled, file));
      rmSync(path.join(root, 'dist', '.tsbuildinfo'), { force: true });
    }
  }
}
