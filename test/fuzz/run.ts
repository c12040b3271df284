import { Worker } from 'node:worker_threads';
import type { FuzzResult, FuzzWork } from './worker.ts';

/** One mutation takes a millisecond: so much CPU time for one is a hang, and so is so much time where it waits, however busy the machine is. */
const hangCpuMillis = 20_000;
const hangMillis = 900_000;
/** Number of the mutation while the corpus is loaded, which takes longer than any. */
const loading = -1;
/** Corpus, code and all bounded tables stay far below. */
const maxHeapMiB = 1024;

/** Runs mutations in a worker thread, watched from here: a mutation that does not end is reported and stopped. */
export async function runFuzz(work: Omit<FuzzWork, 'progress'>): Promise<FuzzResult & { seconds: number; peakBytes: number }> {
  const progress = new SharedArrayBuffer(4);
  const current = new Int32Array(progress).fill(loading);
  const start = performance.now();
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { ...work, progress } satisfies FuzzWork, resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB },
  });
  let peakBytes = 0;
  let last = -1;
  let lastChange = { millis: performance.now(), cpuMillis: cpuMillis() };
  const { promise, resolve } = Promise.withResolvers<FuzzResult>();
  const fail = (message: string) =>
    resolve({ packets: 0, records: 0, refused: 0, failures: [{ index: Atomics.load(current, 0), name: 'worker', message }] });
  const watchdog = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    const now = Atomics.load(current, 0);
    if (now === loading || now !== last) lastChange = { millis: performance.now(), cpuMillis: cpuMillis() };
    else if (cpuMillis() - lastChange.cpuMillis > hangCpuMillis) fail(`does not end within ${hangCpuMillis / 1000} s of CPU time`);
    else if (performance.now() - lastChange.millis > hangMillis) fail(`does not end within ${hangMillis / 1000} s`);
    last = now;
  }, 250);
  worker.once('message', resolve);
  worker.once('error', (error) => fail(String(error)));
  try {
    const result = await promise;
    return { ...result, seconds: (performance.now() - start) / 1000, peakBytes };
  } finally {
    clearInterval(watchdog);
    await worker.terminate();
  }
}

/** Of the whole process: the worker is what uses it. */
function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
