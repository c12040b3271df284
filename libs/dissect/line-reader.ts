import type { ByteStream } from './bytestream.ts';
import type { MailHead } from './mail-head.ts';
import type { Origin, Sender } from './message.ts';
import type { StreamSession } from './protocol.ts';

/** Longest line that is read, in bytes; a longer one is passed over. A SASL response may have 12288 (RFC 4954, section 4). */
const maxLine = 16 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

const noLine = Buffer.alloc(0);

type Outcome = 'read' | 'more' | 'passed over';

/** The lines of one direction, with content between them that is passed over unread. */
export class LineReader implements Origin {
  /** The line at hand without its end, or the literal that was asked for: valid until the next one, or until {@link release}. */
  line: Buffer = noLine;
  readonly sender: Sender;
  /** Number and time (µs) of the packet that completed it. */
  frame = 0;
  micros = 0;
  /** It is the content that {@link takeLiteral} asked for, not a line. */
  isLiteral = false;

  readonly #session: StreamSession;
  readonly #protocol: string;
  /** Bytes of content still to pass over. */
  #content = 0;
  /** Bytes of the literal that comes next, -1 for none. */
  #literal = -1;
  #inDotted = false;
  #inLongLine = false;
  /** Takes the lines at the beginning of the content. */
  #head: MailHead | null = null;

  /** What is passed over is counted under `protocol`. */
  constructor(session: StreamSession, sender: Sender, protocol: string) {
    this.#session = session;
    this.sender = sender;
    this.#protocol = protocol;
  }

  get #stream(): ByteStream {
    return this.#session[this.sender];
  }

  /** Reads the next line, consuming what stands before it; false when it has not come yet. */
  next(): boolean {
    while (this.#stream.length > 0) {
      if (this.#content > 0) {
        if (!this.#passContent()) return false;
        continue;
      }
      const outcome = this.#literal >= 0 ? this.#readLiteral() : this.#readLine();
      if (outcome !== 'passed over') return outcome === 'read';
    }
    return false;
  }

  /** The line was taken: the bytes that it is part of are not kept while the connection is silent. */
  release(): void {
    this.line = noLine;
  }

  get text(): string {
    return this.line.toString('utf8');
  }

  /** The next `length` bytes are content, of which `head` takes the beginning. */
  passOver(length: number, head: MailHead | null = null): void {
    this.#content = length;
    this.#head = head;
  }

  /** The next `length` bytes, lines or not, are to be read as one. */
  takeLiteral(length: number): void {
    this.#literal = length;
  }

  /**
   * What follows is content up to a line with nothing but a dot (RFC 5321, section 4.1.1.4), or up to {@link endContent}; `head` takes its beginning.
   */
  passOverDotted(head: MailHead | null = null): void {
    this.#inDotted = true;
    this.#head = head;
  }

  endContent(): void {
    this.#inDotted = false;
    this.#head = null;
  }

  get inDotted(): boolean {
    return this.#inDotted;
  }

  get inHead(): boolean {
    return this.#head !== null;
  }

  /** Nothing of what has come is of interest. */
  discard(): void {
    this.#stream.clear();
    this.#inLongLine = this.#inDotted = false;
  }

  /** `missing` bytes are lost. The next packet begins a line, unless it is content. */
  gap(missing: number): void {
    this.#stream.clear();
    this.#literal = -1;
    this.#inLongLine = false;
    this.#endHead();
    this.#content = Math.max(0, this.#content - missing);
  }

  /** False when a line of the head that is in the content has not come whole. */
  #passContent(): boolean {
    const length = Math.min(this.#content, this.#stream.length);
    const line = this.#head === null ? 0 : this.#lineOfContent(length);
    if (line < 0) return false;
    if (line > 0) this.#takeHead(line - 1, line);
    else this.#stream.consume(length);
    this.#content -= line > 0 ? line : length;
    if (this.#content === 0) this.#endHead();
    return true;
  }

  /** Length of the line that begins the content, with its end; -1 when more of it is to come, and 0 when it is no line of a head. */
  #lineOfContent(length: number): number {
    const newline = this.#stream.bytes().subarray(0, length).indexOf(LF);
    if (newline >= 0) return newline + 1;
    if (length < this.#content && length <= maxLine) return -1;
    this.#endHead();
    return 0;
  }

  /** Hands a line to the head; `end` is where its end begins, `length` how long it is with it. */
  #takeHead(end: number, length: number): void {
    const { buffer, start } = this.#stream;
    if (this.#head!.passes(buffer[start], length)) return this.#stream.consume(length);
    const text = buffer.toString('utf8', start, start + end);
    this.#place(length);
    this.#stream.consume(length);
    if (!this.#head!.take(text.endsWith('\r') ? text.slice(0, -1) : text)) this.#head = null;
  }

  #endHead(): void {
    const head = this.#head;
    this.#head = null;
    head?.end();
  }

  #readLiteral(): Outcome {
    const length = this.#literal;
    if (this.#stream.length < length) return 'more';
    this.#take(length, length);
    this.isLiteral = true;
    this.#literal = -1;
    return 'read';
  }

  #readLine(): Outcome {
    const stream = this.#stream;
    const bytes = stream.bytes();
    const newline = bytes.indexOf(LF);
    if ((newline < 0 ? bytes.length : newline) > maxLine && !this.#inLongLine) {
      this.#inLongLine = true;
      if (!this.#inDotted) this.#session.counters.add(this.#protocol, 'bounded line');
    }
    if (newline < 0) {
      if (this.#inLongLine) stream.clear();
      return 'more';
    }
    const end = newline > 0 && bytes[newline - 1] === CR ? newline - 1 : newline;
    if (this.#inLongLine || this.#inDotted) {
      const isLast = !this.#inLongLine && end === 1 && bytes[0] === DOT;
      if (isLast) this.#inDotted = false;
      if (isLast || this.#inLongLine) this.#endHead();
      this.#inLongLine = false;
      if (this.#head === null) stream.consume(newline + 1);
      else this.#takeHead(newline, newline + 1);
      return 'passed over';
    }
    this.#take(end, newline + 1);
    this.isLiteral = false;
    return 'read';
  }

  #take(end: number, consumed: number): void {
    const stream = this.#stream;
    this.line = stream.buffer.subarray(stream.start, stream.start + end);
    this.#place(consumed);
    stream.consume(consumed);
  }

  /** Takes note of the packet that completes what is `length` bytes long. */
  #place(length: number): void {
    this.frame = this.#stream.frameAt(Math.max(0, length - 1));
    this.micros = this.#stream.microsAt(Math.max(0, length - 1));
  }
}
