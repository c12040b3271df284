import type { Anchor, Run, Sequence } from './anchor.ts';
import { nibbleTables } from './buckets.ts';
import { capacity, runBits, type ScanEngine } from './engine.ts';
import { createKernel } from './kernel.ts';
import { TwinEngine } from './twin.ts';

/** Texts shorter than this are searched by the twin: copying them into the kernel's memory and calling it costs more. */
const leastForKernel = 16;
/** Shortest run or pair of separators that any {@link Run} means. */
const leastForRuns = 17;
/** Longer inputs are searched piece by piece; each piece sees so many bytes of its neighbours. */
const seenBefore = 64;
const seenAfter = 128;
const piece = capacity - seenBefore - seenAfter;
/** Sequences that one word of the exact tables tells apart. */
const wordBits = 32;

/**
 * One pass over a text or bytes that tells where which pattern may match: wherever one of its anchors stands, and nowhere else.
 * A pattern is the number of its anchors in the list that is handed over. Keeps buffers between calls.
 */
export class Prefilter {
  /** What the last call found, ascending for each pattern whose anchors are all sequences or all runs. */
  positions = new Int32Array(256);
  patterns = new Int32Array(256);

  readonly #kernel: ScanEngine | null;
  readonly #twin: TwinEngine;
  /** Bit n of word w, by byte: whether it is a character of sequence 32 w + n. */
  readonly #first: Uint32Array[] = [];
  readonly #second: Uint32Array[] = [];
  readonly #third: Uint32Array[] = [];
  /** Patterns of each sequence, and of each bit of {@link runBits}. */
  readonly #ofSequence: number[][] = [];
  readonly #ofRun: number[][] = [[], [], [], []];
  #leastDigits = 64;
  #leastHex = 64;
  #hasRuns = false;
  #count = 0;

  constructor(anchors: readonly (readonly Anchor[])[], withKernel = true) {
    const sequences = new Map<string, Sequence>();
    const indices = new Map<string, number>();
    for (const [pattern, own] of anchors.entries()) {
      for (const anchor of own) {
        if ('run' in anchor) {
          this.#addRun(anchor, pattern);
          continue;
        }
        const name = anchor.characters.join('\uffff');
        if (!sequences.has(name)) {
          indices.set(name, sequences.size);
          this.#addSequence(anchor, sequences.size);
          sequences.set(name, anchor);
        }
        this.#ofSequence[indices.get(name)!]!.push(pattern);
      }
    }
    const tables = nibbleTables([...sequences.values()]);
    this.#twin = new TwinEngine(tables);
    this.#kernel = withKernel ? createKernel(tables) : null;
  }

  /** Number of candidates in {@link positions} and {@link patterns}. Characters from 256 on count as their low byte. */
  scanText(text: string): number {
    this.#count = 0;
    if (text.length <= capacity) {
      this.#collect(this.#load(text), text.length, 0, 0, text.length);
      return this.#count;
    }
    for (let at = 0; at < text.length; at += piece) {
      const start = Math.max(0, at - seenBefore);
      const part = text.slice(start, at + piece + seenAfter);
      this.#collect(this.#load(part), part.length, start, at, Math.min(at + piece, text.length));
    }
    return this.#count;
  }

  /** As {@link scanText}, of bytes. */
  scanBytes(bytes: Uint8Array): number {
    this.#count = 0;
    for (let at = 0; at < bytes.length; at += piece) {
      const start = Math.max(0, at - seenBefore);
      const part = bytes.subarray(start, at + piece + seenAfter);
      const engine = this.#engineFor(part.length);
      engine.input.set(part);
      this.#collect(engine, part.length, start, at, Math.min(at + piece, bytes.length));
    }
    return this.#count;
  }

  #load(text: string): ScanEngine {
    const engine = this.#engineFor(text.length);
    if (engine === this.#kernel) engine.input.write(text, 'latin1');
    else for (let i = 0; i < text.length; i++) engine.input[i] = text.charCodeAt(i);
    return engine;
  }

  #engineFor(length: number): ScanEngine {
    return length < leastForKernel || this.#kernel === null ? this.#twin : this.#kernel;
  }

  /** Candidates of what is in the engine's input, which stands at `offset` of the whole, as far as they are from `from` to `to`. */
  #collect(engine: ScanEngine, length: number, offset: number, from: number, to: number): void {
    const found = engine.literals(length);
    for (let i = 0; i < found; i++) {
      const at = engine.literalResults[i]! >>> 8;
      if (at + offset >= from && at + offset < to) this.#confirm(engine.input, at, length, offset);
    }
    if (!this.#hasRuns || length < leastForRuns) return;
    const runs = engine.runs(length, this.#leastDigits, this.#leastHex);
    for (let i = 0; i < runs; i++) {
      const result = engine.runResults[i]!;
      const at = (result >>> 8) + offset;
      if (at >= from && at < to) this.#addAll(at, this.#ofRun[31 - Math.clz32(result & 0xff)]!);
    }
  }

  /** Nibble tables take more than they should; these do not. */
  #confirm(input: Buffer, at: number, length: number, offset: number): void {
    const first = input[at]!;
    const second = at + 1 < length ? input[at + 1]! : 0;
    const third = at + 2 < length ? input[at + 2]! : 0;
    for (let word = 0; word < this.#first.length; word++) {
      let bits = this.#first[word]![first]! & this.#second[word]![second]! & this.#third[word]![third]!;
      for (; bits !== 0; bits &= bits - 1) {
        this.#addAll(at + offset, this.#ofSequence[word * wordBits + 31 - Math.clz32(bits & -bits)]!);
      }
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
    this.#hasRuns = true;
    if (anchor.run === 'digits') this.#leastDigits = Math.min(this.#leastDigits, anchor.least);
    if (anchor.run === 'hex') this.#leastHex = Math.min(this.#leastHex, anchor.least);
    this.#ofRun[Math.log2(runBits[anchor.run])]!.push(pattern);
  }

  #addSequence({ characters }: Sequence, index: number): void {
    const word = Math.floor(index / wordBits);
    for (const [position, tables] of [this.#first, this.#second, this.#third].entries()) {
      const table = (tables[word] ??= new Uint32Array(256));
      for (const character of characters[position as 0 | 1 | 2]) table[character.charCodeAt(0)]! |= 1 << (index % wordBits);
    }
    this.#ofSequence.push([]);
  }
}
