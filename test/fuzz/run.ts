import { Worker } from 'node:worker_threads';
import type { FuzzResult, FuzzWork } from './worker.ts';

/** One mutation takes a millisecond: so much CPU time means a hang, and so does so much elapsed time if it waits, however busy the machine is. */
const hangCpuMillis = 20_000;
const hangMillis = 900_000;
/** In place of a mutation's number: the corpus is being loaded, which takes longer than any mutation. */
const loading = -1;
/** Corpus, code and all bounded tables need far less. */
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

/** CPU time of the whole process, nearly all of which is the worker's. */
function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
