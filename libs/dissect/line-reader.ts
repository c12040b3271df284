import type { ByteStream } from './bytestream.ts';
import type { MailHead } from './mail-head.ts';
import type { Origin, Sender } from './message.ts';
import type { StreamSession } from './protocol.ts';

/** Longest line that is read, in bytes; a longer one is skipped. A SASL response may have 12288 (RFC 4954, section 4). */
const maxLine = 16 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

const noLine = Buffer.alloc(0);

type Outcome = 'read' | 'more' | 'passed over';

/** The lines of one direction; content between them is skipped unread. */
export class LineReader implements Origin {
  /** The current line without its line end, or the requested literal: valid until the next one, or until {@link release}. */
  line: Buffer = noLine;
  readonly sender: Sender;
  /** Number and time (µs) of the packet that completed it. */
  frame = 0;
  micros = 0;
  /** Whether it is the content requested by {@link takeLiteral}, not a line. */
  isLiteral = false;

  readonly #session: StreamSession;
  readonly #protocol: string;
  /** Bytes of content still to skip. */
  #content = 0;
  /** Length in bytes of the literal that follows, -1 for none. */
  #literal = -1;
  #inDotted = false;
  #inLongLine = false;
  /** Receives the lines at the beginning of the content. */
  #head: MailHead | null = null;

  /** Skipped input is counted under `protocol`. */
  constructor(session: StreamSession, sender: Sender, protocol: string) {
    this.#session = session;
    this.sender = sender;
    this.#protocol = protocol;
  }

  get #stream(): ByteStream {
    return this.#session[this.sender];
  }

  /** Reads the next line, consuming what precedes it; false if it has not arrived yet. */
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

  /** The line has been read: the bytes that it is part of need not be kept while the connection is silent. */
  release(): void {
    this.line = noLine;
  }

  get text(): string {
    return this.line.toString('utf8');
  }

  /** The next `length` bytes are content, the beginning of which goes to `head`. */
  passOver(length: number, head: MailHead | null = null): void {
    this.#content = length;
    this.#head = head;
  }

  /** The next `length` bytes are to be read as one unit, whether or not they contain line ends. */
  takeLiteral(length: number): void {
    this.#literal = length;
  }

  /** What follows is content, up to a line with a single dot (RFC 5321, section 4.1.1.4) or {@link endContent}; its beginning goes to `head`. */
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

  /** Nothing received so far is of interest. */
  discard(): void {
    this.#stream.clear();
    this.#inLongLine = this.#inDotted = false;
  }

  /** `missing` bytes were lost. The next packet begins a line, unless it is content. */
  gap(missing: number): void {
    this.#stream.clear();
    this.#literal = -1;
    this.#inLongLine = false;
    this.#endHead();
    this.#content = Math.max(0, this.#content - missing);
  }

  /** False if a line of a message head inside the content is still incomplete. */
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

  /** Length, with its line end, of the line that begins the content; -1 if more of it is to come, 0 if it is not a line of a head. */
  #lineOfContent(length: number): number {
    const newline = this.#stream.bytes().subarray(0, length).indexOf(LF);
    if (newline >= 0) return newline + 1;
    if (length < this.#content && length <= maxLine) return -1;
    this.#endHead();
    return 0;
  }

  /** Passes a line to the head; its line end begins at `end`, and `length` includes it. */
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

  /** Records the packet that completes the next `length` bytes. */
  #place(length: number): void {
    this.frame = this.#stream.frameAt(Math.max(0, length - 1));
    this.micros = this.#stream.microsAt(Math.max(0, length - 1));
  }
}
