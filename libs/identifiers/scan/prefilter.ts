import type { Anchor, Run, Sequence } from './anchor.ts';
import { sequenceTables } from './buckets.ts';
import { capacity, runBits, runWord, type ScanEngine } from './engine.ts';
import { createKernel } from './kernel.ts';
import { TwinEngine } from './twin.ts';

/** Longer inputs are searched in pieces; each piece overlaps its neighbours by so many bytes. */
const seenBefore = 64;
const seenAfter = 128;
const piece = capacity - seenBefore - seenAfter;

/**
 * Finds in one pass over a text or bytes where patterns may match: wherever one of their anchors occurs, and nowhere else. A pattern is identified by
 * the index of its anchors in the list passed to the constructor. Keeps buffers between calls.
 */
export class Prefilter {
  /** Results of the last call, ascending for each pattern whose anchors are all sequences or all runs. */
  positions = new Int32Array(256);
  patterns = new Int32Array(256);

  readonly #engine: ScanEngine;
  /** Patterns for each bit of each word of an engine's results. */
  readonly #patternsOf: number[][] = Array.from({ length: 32 * runWord + 4 }, () => []);
  readonly #least = { digits: capacity, hex: capacity };
  #count = 0;

  constructor(anchors: readonly (readonly Anchor[])[], withKernel = true) {
    const sequences = new Map<string, { readonly sequence: Sequence; readonly patterns: number[] }>();
    for (const [pattern, own] of anchors.entries()) {
      for (const anchor of own) {
        if ('run' in anchor) {
          this.#addRun(anchor, pattern);
          continue;
        }
        const name = anchor.characters.join('\uffff');
        if (!sequences.has(name)) sequences.set(name, { sequence: anchor, patterns: [] });
        sequences.get(name)!.patterns.push(pattern);
      }
    }
    const tables = sequenceTables([...sequences.values()].map(({ sequence }) => sequence));
    for (const [index, { patterns }] of [...sequences.values()].entries()) this.#patternsOf[index] = patterns;
    this.#engine = (withKernel ? createKernel(tables, this.#least) : null) ?? new TwinEngine(tables, this.#least);
  }

  /** Number of candidates in {@link positions} and {@link patterns}. Characters from 256 on count as their low byte. */
  scanText(text: string): number {
    const { input } = this.#engine;
    this.#count = 0;
    if (text.length <= capacity) {
      input.write(text, 'latin1');
      this.#collect(text.length, 0, 0, text.length);
      return this.#count;
    }
    for (let at = 0; at < text.length; at += piece) {
      const start = Math.max(0, at - seenBefore);
      const part = text.slice(start, at + piece + seenAfter);
      input.write(part, 'latin1');
      this.#collect(part.length, start, at, Math.min(at + piece, text.length));
    }
    return this.#count;
  }

  /** Like {@link scanText}, for bytes. */
  scanBytes(bytes: Uint8Array): number {
    const { input } = this.#engine;
    this.#count = 0;
    if (bytes.length <= capacity) {
      input.set(bytes);
      this.#collect(bytes.length, 0, 0, bytes.length);
      return this.#count;
    }
    for (let at = 0; at < bytes.length; at += piece) {
      const start = Math.max(0, at - seenBefore);
      const part = bytes.subarray(start, at + piece + seenAfter);
      input.set(part);
      this.#collect(part.length, start, at, Math.min(at + piece, bytes.length));
    }
    return this.#count;
  }

  /** Collects the candidates in the engine's input, which begins at `offset` of the whole, between `from` and `to`. */
  #collect(length: number, offset: number, from: number, to: number): void {
    const { results } = this.#engine;
    const found = this.#engine.scan(length);
    for (let i = 0; i < found; i++) {
      const result = results[2 * i]!;
      const at = (result >>> 8) + offset;
      if (at < from || at >= to) continue;
      const first = (result & 0xff) * 32;
      for (let bits = results[2 * i + 1]!; bits !== 0; bits &= bits - 1) this.#addAll(at, this.#patternsOf[first + 31 - Math.clz32(bits & -bits)]!);
    }
  }

  #addAll(at: number, patterns: readonly number[]): void {
    for (let i = 0; i < patterns.length; i++) {
      if (this.#count === this.positions.length) this.#grow();
      this.positions[this.#count] = at;
      this.patterns[this.#count++] = patterns[i]!;
    }
  }

  #grow(): void {
    const { positions, patterns } = this;
    this.positions = new Int32Array(2 * positions.length);
    this.patterns = new Int32Array(2 * patterns.length);
    this.positions.set(positions);
    this.patterns.set(patterns);
  }

  #addRun(anchor: Run, pattern: number): void {
    if (anchor.run === 'digits' || anchor.run === 'hex') this.#least[anchor.run] = Math.min(this.#least[anchor.run], anchor.least);
    this.#patternsOf[32 * runWord + Math.log2(runBits[anchor.run])]!.push(pattern);
  }
}
