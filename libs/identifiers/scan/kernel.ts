import { capacity, mostRuns, type ScanEngine } from './engine.ts';
import { kernelModule } from './kernel-module.ts';

/** What Node has and @types/node leaves to the DOM's types. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: KernelExports };
} | undefined;

interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly input: { readonly value: number };
  readonly tables: { readonly value: number };
  readonly literalResults: { readonly value: number };
  readonly runResults: { readonly value: number };
  readonly literals: ScanEngine['literals'];
  readonly runs: ScanEngine['runs'];
}

let compiled: object | null | undefined;

/** The kernel (assembly/kernel.ts) with these tables, in a memory of its own; null where the host has no WebAssembly SIMD. */
export function createKernel(tables: Uint8Array): ScanEngine | null {
  if (typeof WebAssembly === 'undefined') return null;
  if (compiled === undefined) {
    const bytes = Buffer.from(kernelModule, 'base64');
    compiled = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
  }
  if (compiled === null) return null;
  const { exports } = new WebAssembly.Instance(compiled);
  const memory = exports.memory.buffer;
  new Uint8Array(memory, exports.tables.value, tables.length).set(tables);
  return {
    input: Buffer.from(memory, exports.input.value, capacity),
    literalResults: new Uint32Array(memory, exports.literalResults.value, capacity),
    runResults: new Uint32Array(memory, exports.runResults.value, mostRuns * capacity),
    literals: exports.literals,
    runs: exports.runs,
  };
}
