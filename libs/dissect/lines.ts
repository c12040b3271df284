import type { ByteStream } from './bytestream.ts';
import { MailHead } from './mail-head.ts';
import { createMessage, type Encryption, type Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamSession } from './protocol.ts';

/** Longest line that is read, in bytes; a longer one is passed over. A SASL response may have 12288 (RFC 4954, section 4). */
const maxLine = 16 * 1024;
/** Longest first line by which a protocol is recognised. */
const maxFirstLine = 1024;

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

const nothing = Buffer.alloc(0);

type Outcome = 'read' | 'more' | 'passed over';

/** The lines of one direction, with content between them that is passed over unread. */
export class LineReader {
  /**
   * What {@link next} has read: a line without its end, or the literal that was asked for. Empty when there was none, so that an idle flow keeps none.
   */
  line: Buffer = nothing;
  /** Number and time (µs) of the packet that completed it. */
  frame = 0;
  micros = 0;
  /** It is the content that {@link takeLiteral} asked for, not a line. */
  isLiteral = false;

  readonly #stream: ByteStream;
  readonly #onLongLine: () => void;
  /** Bytes of content still to pass over. */
  #content = 0;
  /** Bytes of the literal that comes next, -1 for none. */
  #literal = -1;
  #inDotted = false;
  #inLongLine = false;
  /** Takes the lines at the beginning of the content. */
  #head: MailHead | null = null;

  constructor(stream: ByteStream, onLongLine: () => void) {
    this.#stream = stream;
    this.#onLongLine = onLongLine;
  }

  /** Reads the next line, consuming what stands before it; false when it has not come yet. */
  next(): boolean {
    this.line = nothing;
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
      if (!this.#inDotted) this.#onLongLine();
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
    this.line = Buffer.from(stream.buffer.subarray(stream.start, stream.start + end));
    this.#place(consumed);
    stream.consume(consumed);
  }

  /** Takes note of the packet that completes what is `length` bytes long. */
  #place(length: number): void {
    this.frame = this.#stream.frameAt(Math.max(0, length - 1));
    this.micros = this.#stream.microsAt(Math.max(0, length - 1));
  }
}

/**
 * A protocol of lines, commands one way and replies the other. It says nothing but what it read: one message when it begins, and
 * one for each line with a value. A value is complete with its line, so the packet that ends the line is the value's.
 */
export abstract class LineHandler implements StreamHandler {
  done = false;
  protected readonly session: StreamSession;
  readonly #protocol: string;
  readonly #cleartext: Encryption;
  readonly #readers: Record<Sender, LineReader>;
  #begun = false;
  #restarted = false;

  constructor(session: StreamSession, protocol: string) {
    this.session = session;
    this.#protocol = protocol;
    this.#cleartext = { verdict: 'cleartext', reason: protocol.toUpperCase() };
    const onLongLine = (): void => this.count('bounded line');
    this.#readers = { source: new LineReader(session.source, onLongLine), destination: new LineReader(session.destination, onLongLine) };
  }

  data(sender: Sender): void {
    const reader = this.#readers[sender];
    while (!this.done && !this.#restarted && !this.discards(sender, reader) && reader.next()) {
      this.line(sender, reader);
      if (!this.#begun) this.message(sender);
    }
  }

  gap(sender: Sender, missing: number): void {
    this.count('gap');
    this.#readers[sender].gap(missing);
    this.lost(sender);
  }

  end(): void {
    this.session.source.clear();
    this.session.destination.clear();
  }

  /** Takes a line, or a literal. */
  protected abstract line(sender: Sender, reader: LineReader): void;

  /** Lines of the sender are missing: what they would have answered is not to be expected any more. */
  protected lost(_sender: Sender): void {}

  /** Drops what the sender said when nothing of it is awaited. */
  protected discards(_sender: Sender, _reader: LineReader): boolean {
    return false;
  }

  /** What follows is another protocol, most often TLS. */
  protected restart(): void {
    this.#restarted = true;
    this.session.restart();
  }

  /** Emits a message with one value that stood in the line at hand. */
  protected value(sender: Sender, name: string, key: string, value: string, encoding = ''): void {
    if (value !== '') this.message(sender, [{ name, key, value, encoding }]);
  }

  /** Emits a message with values that stood in the line at hand. */
  protected message(sender: Sender, values: readonly NamedValue[] = []): void {
    const { frame, micros } = this.#readers[sender];
    const message = createMessage(this.#protocol, this.#cleartext, sender, frame, micros);
    for (const { name, key, value, encoding } of values) {
      if (value !== '') message.fields.push({ path: `${this.#protocol}.${name}`, key, value, encoding, sender, frame });
    }
    this.#begun = true;
    this.count('messages');
    this.session.emit(message);
  }

  /** A message of mail that `sender` is about to send: whom it is from and to is worth a message here. */
  protected mail(sender: Sender): MailHead {
    return new MailHead((people) => this.message(sender, people), () => this.count('bounded message'));
  }

  protected count(reason: string): void {
    this.session.counters.add(this.#protocol, reason);
  }
}

/** A value, its key, the rest of its path behind the protocol, and what it was encoded in. */
export interface NamedValue {
  name: string;
  key: string;
  value: string;
  encoding: string;
}

/**
 * Judges by the first line: `judge` decides about a whole one, and says `more` where only the other side can tell. As long as the
 * line has not ended, it has to begin with one of the words (in upper case).
 */
export function recogniseLine(bytes: Buffer, words: readonly string[], judge: (line: string) => Recognition): Recognition {
  const newline = bytes.subarray(0, maxFirstLine).indexOf(LF);
  if (newline < 0) {
    if (bytes.length >= maxFirstLine) return 'no';
    const text = bytes.toString('latin1', 0, 32).toUpperCase();
    return words.some((word) => text.startsWith(word) || word.startsWith(text)) ? 'more' : 'no';
  }
  return judge(bytes.toString('latin1', 0, newline > 0 && bytes[newline - 1] === CR ? newline - 1 : newline));
}
