import type { CaptureErrorCode } from '#capture';
import type { TableBounds } from './tables.ts';

/** The data with which a worker is started. */
export interface WorkerStart {
  index: number;
  count: number;
  /** Seed of the hash by which flows are shared. */
  seed: number;
  tokenKey: Uint8Array;
  observer: string;
  monitoredNetworks: readonly string[] | undefined;
  /** Bounds of all workers together. */
  tables: TableBounds;
  /** Whether raw values are to be returned, for `scan --reveal` only. */
  reveal: boolean;
  /** Memory with the chunks of the input, all of which each worker reads. */
  slots: readonly SharedArrayBuffer[];
}

export type ToWorker =
  | { kind: 'begin'; name: string; writtenMicros: number }
  /** Texts of watchlists that replace the earlier ones. */
  | { kind: 'watch'; lists: readonly string[] }
  | { kind: 'chunk'; slot: number; length: number }
  | { kind: 'end' }
  /** Remaining flows and pending records are to be dropped. */
  | { kind: 'discard' };

/** What was counted since the worker started. */
export interface WorkerCounters {
  records: number;
  capture: Record<'packets' | 'bytes' | 'decoded' | 'flowsStarted' | 'flowsEnded' | 'streamBytes' | 'gapBytes', number>;
  captureReasons: { layer: string; reason: string; count: number }[];
  dissect: { protocol: string; reason: string; count: number }[];
  recognised: [kind: string, count: number][];
  identifiers: Record<'dropped' | 'truncated' | 'undecoded' | 'spellingsDropped' | 'unwatched', number>;
  inference: Record<'unsampled' | 'evicted' | 'forgotten' | 'userLike' | 'roomLike', number>;
  hopsDropped: number;
  namesEvicted: number;
  /** Counters of flow exports. */
  entries: number;
  entryReasons: { source: string; reason: string; count: number }[];
}

/** `batches`: records in wire format. `revealed`: tokens and raw values, which stay in this process. */
export type FromWorker =
  | { kind: 'read'; packets: number; batches: Uint8Array[]; revealed: [token: string, value: string][] }
  | {
      kind: 'ended';
      packets: number;
      batches: Uint8Array[];
      revealed: [token: string, value: string][];
      counters: WorkerCounters;
      problem: WorkerProblem | null;
    }
  | { kind: 'refused'; problem: WorkerProblem };

/** A serialised `CaptureError`. */
export interface WorkerProblem {
  code: CaptureErrorCode;
  offset: number;
  message: string;
}
