import { doubled } from '#capture';
import { bytesRead } from './payload-slots.ts';
import type { PayloadOrigin } from './sampled-flow.ts';
import { none } from './value-table.ts';

const leastRows = 1024;

/**
 * The beginnings of the first payloads of flows: one row each, in lists of one flow. There are tens of thousands, which as strings and objects would
 * take twice the memory, and that in the heap.
 */
export class SampleTable {
  #bytes = Buffer.allocUnsafeSlow(leastRows * bytesRead);
  #lengths = new Uint8Array(leastRows);
  #isFromSource = new Uint8Array(leastRows);
  #frames = new Float64Array(leastRows);
  #micros = new Float64Array(leastRows);
  /** The flow's next sample; of a free row, the next free row. */
  #next = new Int32Array(leastRows);
  #free = none;
  /** Rows from here on were never used. */
  #end = 0;

  /** Appends the first {@link bytesRead} bytes of a payload to the list that begins at row `first`. Returns where the list begins. */
  append(first: number, payload: Buffer, { sender, frame, micros }: PayloadOrigin): number {
    const row = this.#take();
    this.#lengths[row] = payload.copy(this.#bytes, row * bytesRead, 0, bytesRead);
    this.#isFromSource[row] = sender === 'source' ? 1 : 0;
    this.#frames[row] = frame;
    this.#micros[row] = micros;
    this.#next[row] = none;
    if (first === none) return row;
    this.#next[this.#lastOf(first)] = row;
    return first;
  }

  /** The samples of a list, in order. The bytes are views that are valid until the next sample is appended. */
  samplesOf(first: number): (PayloadOrigin & { readonly bytes: Buffer })[] {
    const samples = [];
    for (let row = first; row !== none; row = this.#next[row]!) {
      const start = row * bytesRead;
      samples.push({
        bytes: this.#bytes.subarray(start, start + this.#lengths[row]!),
        sender: this.#isFromSource[row] === 1 ? 'source' as const : 'destination' as const,
        frame: this.#frames[row]!,
        micros: this.#micros[row]!,
      });
    }
    return samples;
  }

  /** Frees the rows of a list. */
  release(first: number): void {
    if (first === none) return;
    this.#next[this.#lastOf(first)] = this.#free;
    this.#free = first;
  }

  #lastOf(first: number): number {
    let last = first;
    while (this.#next[last] !== none) last = this.#next[last]!;
    return last;
  }

  #take(): number {
    const free = this.#free;
    if (free === none) {
      if (this.#end === this.#next.length) this.#grow();
      return this.#end++;
    }
    this.#free = this.#next[free]!;
    return free;
  }

  #grow(): void {
    this.#bytes = Buffer.from(doubled(this.#bytes));
    this.#lengths = new Uint8Array(doubled(this.#lengths));
    this.#isFromSource = new Uint8Array(doubled(this.#isFromSource));
    this.#frames = new Float64Array(doubled(this.#frames));
    this.#micros = new Float64Array(doubled(this.#micros));
    this.#next = new Int32Array(doubled(this.#next));
  }
}
