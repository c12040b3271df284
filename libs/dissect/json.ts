import { stepOf } from './path.ts';

/**
 * Takes one scalar: its path (`room.users[0].id`), innermost key, text, the position after its last byte (not counting a quote) and its depth.
 */
export type JsonVisitor = (path: string, key: string, value: string, end: number, depth: number) => void;

/**
 * - `cut`: the text ends inside the document; the scalars before the end were visited.
 * - `malformed`: the scalars before the error were visited.
 * - `bounded`: some of it was nested too deeply, and was skipped.
 */
export type JsonOutcome = 'complete' | 'cut' | 'malformed' | 'bounded';

/**
 * Visits strings and numbers of a JSON text (RFC 8259), or of several in succession. A key that is itself data (see {@link stepOf}) is visited
 * as a value of its object.
 *
 * Unlike JSON.parse it preserves the digits of numbers (64-bit ids do not fit in a double), knows where each scalar ends, and yields everything
 * before a cut or an error. `true`, `false` and `null` are skipped: they identify nobody.
 */
export function scanJson(bytes: Buffer, maxDepth: number, visit: JsonVisitor): JsonOutcome {
  const scanner = new Scanner(bytes, maxDepth, visit);
  let outcome = scanner.document();
  while (outcome === 'complete' && scanner.more()) outcome = scanner.document();
  return outcome === 'complete' && scanner.passedOver ? 'bounded' : outcome;
}

/** Maximum length of a key. It is part of the path of each value below it, so a long one would be repeated many times. */
const maxKey = 256;

class Scanner {
  readonly #bytes: Buffer;
  readonly #maxDepth: number;
  readonly #visit: JsonVisitor;
  #position = 0;
  /** Text of the last string read. */
  #string = '';
  passedOver = false;

  constructor(bytes: Buffer, maxDepth: number, visit: JsonVisitor) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
    this.#visit = visit;
    if (bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#position = 3;
  }

  more(): boolean {
    this.#skipSpace();
    return this.#position < this.#bytes.length;
  }

  /** Reads an object or an array; a bare scalar does not count as a document. */
  document(): JsonOutcome {
    this.#skipSpace();
    const first = this.#bytes[this.#position];
    return first === OPEN_BRACE || first === OPEN_BRACKET ? this.#value('', '', 0) : first === undefined ? 'cut' : 'malformed';
  }

  #value(path: string, key: string, depth: number): JsonOutcome {
    const first = this.#bytes[this.#position];
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      if (depth >= this.#maxDepth) return this.#passOver();
      return first === OPEN_BRACE ? this.#object(path, depth + 1) : this.#array(path, key, depth + 1);
    }
    if (first === QUOTE) {
      const outcome = this.#readString();
      if (outcome !== 'complete') return outcome;
      this.#visit(path, key, this.#string, this.#position - 1, depth);
      return 'complete';
    }
    return this.#word(path, key, depth);
  }

  #object(path: string, depth: number): JsonOutcome {
    this.#position++;
    if (this.#accept(CLOSE_BRACE)) return 'complete';
    for (;;) {
      this.#skipSpace();
      if (this.#bytes[this.#position] !== QUOTE) return this.#unexpected();
      let outcome = this.#readString();
      if (outcome !== 'complete') return outcome;
      const key = this.#string.length > maxKey ? this.#string.slice(0, maxKey) : this.#string;
      const step = stepOf(key);
      if (step !== key) this.#visit(path, '', key, this.#position - 1, depth);
      if (!this.#accept(COLON)) return this.#unexpected();
      this.#skipSpace();
      outcome = this.#value(path === '' ? step : `${path}.${step}`, key, depth);
      if (outcome !== 'complete') return outcome;
      if (this.#accept(CLOSE_BRACE)) return 'complete';
      if (!this.#accept(COMMA)) return this.#unexpected();
    }
  }

  #array(path: string, key: string, depth: number): JsonOutcome {
    this.#position++;
    if (this.#accept(CLOSE_BRACKET)) return 'complete';
    for (let index = 0; ; index++) {
      this.#skipSpace();
      const outcome = this.#value(`${path}[${index}]`, key, depth);
      if (outcome !== 'complete') return outcome;
      if (this.#accept(CLOSE_BRACKET)) return 'complete';
      if (!this.#accept(COMMA)) return this.#unexpected();
    }
  }

  /** Reads from the opening quote to the closing one, inclusive. */
  #readString(): JsonOutcome {
    const bytes = this.#bytes;
    const start = this.#position + 1;
    let escaped = false;
    let position = start;
    for (;;) {
      const byte = bytes[position];
      if (byte === undefined) return 'cut';
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        escaped = true;
        position++;
      }
      position++;
    }
    this.#string = bytes.toString('utf8', start, position);
    if (escaped) this.#string = unescape(this.#string);
    this.#position = position + 1;
    return 'complete';
  }

  /** A number, `true`, `false` or `null`. */
  #word(path: string, key: string, depth: number): JsonOutcome {
    const bytes = this.#bytes;
    const start = this.#position;
    let position = start;
    while (position < bytes.length && isWordByte(bytes[position]!)) position++;
    if (position === bytes.length) return 'cut';
    if (position === start) return 'malformed';
    this.#position = position;
    const first = bytes[start]!;
    if (first !== MINUS && !isDigit(first)) {
      const word = bytes.toString('latin1', start, position);
      return word === 'true' || word === 'false' || word === 'null' ? 'complete' : 'malformed';
    }
    this.#visit(path, key, bytes.toString('latin1', start, position), position, depth);
    return 'complete';
  }

  /** Skips an object or array that is nested too deeply. */
  #passOver(): JsonOutcome {
    this.passedOver = true;
    let open = 0;
    do {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) return 'cut';
      if (byte === QUOTE) {
        const outcome = this.#readString();
        if (outcome !== 'complete') return outcome;
        continue;
      }
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) open++;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) open--;
      this.#position++;
    } while (open > 0);
    return 'complete';
  }

  #accept(byte: number): boolean {
    this.#skipSpace();
    if (this.#bytes[this.#position] !== byte) return false;
    this.#position++;
    return true;
  }

  #unexpected(): JsonOutcome {
    return this.#position < this.#bytes.length ? 'malformed' : 'cut';
  }

  #skipSpace(): void {
    const bytes = this.#bytes;
    for (;;) {
      const byte = bytes[this.#position];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#position++;
    }
  }
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const MINUS = 0x2d;

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isWordByte(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x61 && byte <= 0x7a) || byte === MINUS || byte === 0x2b || byte === 0x2e || byte === 0x45;
}

/** Resolves the escapes of RFC 8259, section 7. An unknown one yields its character. */
function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([^]))/g, (_whole, hex: string | undefined, character: string) =>
    hex === undefined ? (escapes[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)));
}

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
