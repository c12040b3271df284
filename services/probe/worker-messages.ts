import type { CaptureErrorCode } from '#capture';
import type { TableBounds } from './tables.ts';

/** What a worker is started with. */
export interface WorkerStart {
  index: number;
  count: number;
  /** Of the hash by which flows are shared. */
  seed: number;
  tokenKey: Uint8Array;
  observer: string;
  monitoredNetworks: readonly string[] | undefined;
  /** Of all workers together. */
  tables: TableBounds;
  /** Whether raw values are to be handed back, for `scan --reveal` only. */
  reveal: boolean;
  /** Where chunks of the input stand, each worker reading all of them. */
  slots: readonly SharedArrayBuffer[];
}

export type ToWorker =
  | { kind: 'begin'; name: string; writtenMicros: number }
  /** Texts of watchlists, which take the place of those before. */
  | { kind: 'watch'; lists: readonly string[] }
  | { kind: 'chunk'; slot: number; length: number }
  | { kind: 'end' }
  /** Nobody takes what is left: flows, and records on their way. */
  | { kind: 'discard' };

/** What was counted since the worker began. */
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
  /** Of flow exports. */
  entries: number;
  entryReasons: { source: string; reason: string; count: number }[];
}

/** `batches`: records in the format of the wire. `revealed`: token and raw value, which stay in this process. */
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

/** A `CaptureError` on its way. */
export interface WorkerProblem {
  code: CaptureErrorCode;
  offset: number;
  message: string;
}
