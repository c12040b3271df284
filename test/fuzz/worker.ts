import { parentPort, workerData } from 'node:worker_threads';
import { loadCorpus } from './corpus.ts';
import { FuzzTarget } from './target.ts';

export interface FuzzWork {
  folder: string | null;
  perCapture: number;
  seed: number;
  first: number;
  count: number;
  /** Number of the mutation that is being run, for the watchdog. */
  progress: SharedArrayBuffer;
}

export interface FuzzResult {
  packets: number;
  records: number;
  refused: number;
  failures: { index: number; name: string; message: string }[];
}

const maxFailures = 20;

const { folder, perCapture, seed, first, count, progress } = workerData as FuzzWork;
const target = new FuzzTarget(loadCorpus(folder, perCapture), seed);
const current = new Int32Array(progress);
const failures: FuzzResult['failures'] = [];
for (let index = first; index < first + count && failures.length < maxFailures; index++) {
  Atomics.store(current, 0, index);
  try {
    target.run(index);
  } catch (error) {
    failures.push({ index, name: target.nameOf(index), message: (error as Error).stack ?? String(error) });
  }
}
const { packets, records, refused } = target;
parentPort!.postMessage({ packets, records, refused, failures } satisfies FuzzResult);
