import { parentPort, workerData } from 'node:worker_threads';
import { CaptureError } from '#capture';
import { parseWatchlist } from '#identifiers';
import { BatchWriter } from '#wire';
import { createPipeline } from './create.ts';
import { captureReader, type CaptureInputReader } from './input-reader.ts';
import { Share } from './share.ts';
import { sharedOut } from './tables.ts';
import { watchKeyOf, watchOf } from './watchlists.ts';
import type { FromWorker, ToWorker, WorkerCounters, WorkerProblem, WorkerStart } from './worker-messages.ts';

/** Records of one batch. */
const batchSize = 4096;
/** Batch size while flows end: small enough for the garbage of a batch to die young. */
const recordsAtOnce = 256;

const { index, count, seed, tokenKey, observer, monitoredNetworks, tables, reveal, slots } = workerData as WorkerStart;
const { keyId } = watchKeyOf(tokenKey);
const port = parentPort!;
let revealed: [token: string, value: string][] = [];
let batches: Uint8Array[] = [];
let batch = new BatchWriter(batchSize);
const pipeline = createPipeline({
  tokenKey, observer, ...(monitoredNetworks && { monitoredNetworks }), share: new Share(seed, index, count),
  tables: sharedOut(tables, count),
  ...(reveal && { onRecognised: (found) => { for (const { observable, value } of found) revealed.push([observable.token, value]); } }),
});
let reader: CaptureInputReader = captureReader(pipeline);
let chunk = Buffer.alloc(0);
/** The input is not a capture, and the rest of it is ignored. */
let isRefused = false;

port.on('message', (message: ToWorker) => {
  try {
    handle(message);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    isRefused = true;
    finishFlows();
    post({ kind: 'refused', problem: problemOf(error) });
  }
});

function handle(message: ToWorker): void {
  switch (message.kind) {
    case 'begin':
      isRefused = false;
      pipeline.begin(message.name);
      reader = captureReader(pipeline, message.writtenMicros);
      return;
    case 'watch':
      return pipeline.watch(watchOf(message.lists.map((text) => parseWatchlist(text, 'watchlist', keyId)), tokenKey));
    case 'chunk':
      if (!isRefused) reader.push(ownCopy(slots[message.slot]!, message.length));
      encode();
      return post({ kind: 'read', packets: reader.packets, ...taken() });
    case 'end':
      reader.finish();
      finishFlows();
      return post({
        kind: 'ended',
        packets: reader.packets,
        ...taken(),
        counters: countersOf(),
        problem: reader.problem === null ? null : problemOf(reader.problem),
      });
    case 'discard':
      pipeline.discard();
      batches = [];
      batch = new BatchWriter(batchSize);
      revealed = [];
      return post({ kind: 'read', packets: reader.packets, ...taken() });
  }
}

/** The platform's hashes and decompressors do not accept shared memory. A chunk is processed before the next one arrives. */
function ownCopy(slot: SharedArrayBuffer, length: number): Buffer {
  if (chunk.length < length) chunk = Buffer.allocUnsafeSlow(slot.byteLength);
  chunk.set(new Uint8Array(slot, 0, length));
  return chunk.subarray(0, length);
}

function finishFlows(): void {
  while (!pipeline.finish(recordsAtOnce)) encode();
  encode();
  if (batch.length > 0) batches.push(batch.take());
}

function encode(): void {
  for (const record of pipeline.take()) {
    batch.add(record);
    if (batch.isFull) batches.push(batch.take());
  }
}

function taken() {
  const parts = { batches, revealed };
  batches = [];
  revealed = [];
  return parts;
}

function post(message: FromWorker): void {
  port.postMessage(message);
}

function problemOf({ code, offset, message }: CaptureError): WorkerProblem {
  return { code, offset, message };
}

function countersOf(): WorkerCounters {
  const { capture, dissect, identifiers, recurring, recorded, names, entries } = pipeline;
  const { packets, bytes, decoded, flowsStarted, flowsEnded, streamBytes, gapBytes } = capture;
  const { dropped, truncated, undecoded, spellingsDropped, unwatched } = identifiers;
  return {
    records: pipeline.records,
    capture: { packets, bytes, decoded, flowsStarted, flowsEnded, streamBytes, gapBytes },
    captureReasons: [...capture.reasons()],
    dissect: [...dissect.entries()],
    recognised: [...identifiers.recognised],
    identifiers: { dropped, truncated, undecoded, spellingsDropped, unwatched },
    inference: { ...recurring.counters },
    hopsDropped: recorded.hopsDropped,
    namesEvicted: names.evicted,
    entries: entries.counters.entries,
    entryReasons: [...entries.counters.reasons()],
  };
}
