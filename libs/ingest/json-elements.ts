import type { LogReader, LogSource } from './log.ts';

/** Longest element, in bytes. It is held as a whole, and takes several times its length in memory while it is parsed. */
export const maxElementBytes = 64 * 1024 * 1024;
/** Only so many characters of a key are read. */
const maxKey = 64;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Receives an element as written in the document, and its number from 1. */
export type OnElement = (written: Buffer, number: number) => void;

/**
 * Reads a JSON document in which one array matters, and hands out that array's elements as they arrive: the document may be larger than
 * memory, and a truncated one is read up to its end. Elements are separated by brackets and quotes alone; `onElement` has to check whether
 * one is valid JSON. So damage costs only the element it is in, as long as brackets match; a string ends at the latest with its line.
 *
 * @param path keys of the objects that lead to the array; none: the document is the array
 */
export function jsonElements(format: string, path: readonly string[], { name, counters }: LogSource, onElement: OnElement): LogReader {
  const splitter = new JsonElementSplitter(path, onElement, (reason, number) => counters.problem(format, reason, name, number));
  return { push: (chunk) => splitter.push(chunk), finish: () => splitter.finish() };
}

class JsonElementSplitter {
  readonly #path: readonly string[];
  readonly #onElement: OnElement;
  readonly #onProblem: (reason: string, number: number) => void;
  /** How many objects and arrays are open; and how many of them, from the outermost, are on the path to the array, which is included. */
  #depth = 0;
  #onPath = 0;
  /** Key of the current member of an object on the path. */
  #key = '';
  #isInString = false;
  #isEscaped = false;
  #state: 'before' | 'elements' | 'behind' | 'broken' = 'before';
  /** Number of the element that began last. */
  #number = 0;
  #isInElement = false;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(path: readonly string[], onElement: OnElement, onProblem: (reason: string, number: number) => void) {
    this.#path = path;
    this.#onElement = onElement;
    this.#onProblem = onProblem;
  }

  push(chunk: Buffer): void {
    /** Where in the chunk the current element begins. */
    let start = 0;
    for (let at = 0; at < chunk.length && this.#state !== 'broken'; at++) {
      if (this.#isInString) {
        at = this.#passString(chunk, at);
        continue;
      }
      const code = chunk[at]!;
      if (code <= SPACE) continue;
      if (this.#state !== 'elements') {
        this.#outside(code);
      } else if (this.#depth === this.#onPath && (code === COMMA || code === closeArray)) {
        if (this.#isInElement) this.#end(chunk.subarray(start, at));
        if (code === closeArray) this.#leaveArray();
      } else {
        if (!this.#isInElement) {
          this.#isInElement = true;
          this.#number++;
          start = at;
        }
        this.#inside(code);
      }
    }
    if (this.#isInElement) this.#keep(chunk.subarray(start));
  }

  finish(): void {
    if (this.#state === 'before') this.#onProblem('no entries', 1);
    else if (this.#state === 'elements') this.#onProblem('cut document', this.#isInElement ? this.#number : this.#number + 1);
  }

  /**
   * Offset at which the string ends, or the chunk does. A string cannot contain a control character (RFC 8259, section 7): one ends a
   * damaged string.
   */
  #passString(chunk: Buffer, from: number): number {
    let isEscaped = this.#isEscaped;
    let at = from;
    for (; at < chunk.length; at++) {
      const code = chunk[at]!;
      if (isEscaped) isEscaped = false;
      else if (code === BACKSLASH) isEscaped = true;
      else if (code === QUOTE || code < SPACE) break;
    }
    this.#isEscaped = isEscaped;
    this.#isInString = at === chunk.length;
    if (this.#state !== 'elements' && this.#depth === this.#onPath && this.#key.length < maxKey) {
      this.#key += chunk.toString('latin1', from, Math.min(at, from + maxKey));
    }
    return at;
  }

  #outside(code: number): void {
    const isOnPath = this.#depth === this.#onPath;
    if (code === QUOTE) {
      this.#isInString = true;
      if (isOnPath) this.#key = '';
    } else if (code === openObject || code === openArray) {
      // After the array's end, another element or document shows that a bracket was damaged.
      if (this.#state === 'behind' && isOnPath && this.#key === '') return this.#break();
      if (this.#state === 'before' && isOnPath && this.#isNext(code)) this.#onPath++;
      this.#depth++;
      if (this.#onPath > this.#path.length) this.#state = 'elements';
    } else if (code === closeObject || code === closeArray) {
      this.#depth = Math.max(0, this.#depth - 1);
      this.#onPath = Math.min(this.#onPath, this.#depth);
    } else if (code === COMMA && isOnPath) {
      this.#key = '';
    }
  }

  /** Whether the object or array that opens is the next one on the path. */
  #isNext(code: number): boolean {
    const isArray = this.#onPath === this.#path.length;
    return code === (isArray ? openArray : openObject) && (this.#onPath === 0 || this.#key === this.#path[this.#onPath - 1]);
  }

  #inside(code: number): void {
    if (code === QUOTE) this.#isInString = true;
    else if (code === openObject || code === openArray) this.#depth++;
    else if ((code === closeObject || code === closeArray) && this.#depth > this.#onPath) this.#depth--;
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > maxElementBytes) this.#parts = [];
    else this.#parts.push(Buffer.from(part));
  }

  #end(part: Buffer): void {
    const isTooLong = this.#bytes + part.length > maxElementBytes;
    const written = this.#bytes === 0 || isTooLong ? part : Buffer.concat([...this.#parts, part]);
    this.#isInElement = false;
    this.#parts = [];
    this.#bytes = 0;
    if (isTooLong) this.#onProblem('entry too long', this.#number);
    else this.#onElement(written, this.#number);
  }

  #leaveArray(): void {
    this.#state = 'behind';
    this.#key = '';
    this.#depth--;
    this.#onPath--;
  }

  #break(): void {
    this.#state = 'broken';
    this.#onProblem('not JSON from here on', this.#number + 1);
  }
}
