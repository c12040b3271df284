import type { SequenceTables } from './buckets.ts';
import { capacity, mostResults, type LeastRuns, type ScanEngine } from './engine.ts';
import { kernelModule } from './kernel-module.ts';

/** Provided by Node; @types/node leaves its types to the DOM library. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: KernelExports };
} | undefined;

interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly input: { readonly value: number };
  readonly nibbles: { readonly value: number };
  readonly exact: { readonly value: number };
  readonly results: { readonly value: number };
  scan(length: number, leastDigits: number, leastHex: number): number;
}

let compiled: object | null | undefined;

/** The kernel (assembly/kernel.ts) with these tables, in a memory of its own; null if the host has no WebAssembly SIMD. */
export function createKernel({ nibbles, exact }: SequenceTables, { digits, hex }: LeastRuns): ScanEngine | null {
  if (typeof WebAssembly === 'undefined') return null;
  if (compiled === undefined) {
    const bytes = Buffer.from(kernelModule, 'base64');
    compiled = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
  }
  if (compiled === null) return null;
  const { exports } = new WebAssembly.Instance(compiled);
  const memory = exports.memory.buffer;
  new Uint8Array(memory, exports.nibbles.value, nibbles.length).set(nibbles);
  new Uint32Array(memory, exports.exact.value, exact.length).set(exact);
  return {
    input: Buffer.from(memory, exports.input.value, capacity),
    results: new Int32Array(memory, exports.results.value, 2 * capacity * mostResults),
    scan: (length) => exports.scan(length, digits, hex),
  };
}
