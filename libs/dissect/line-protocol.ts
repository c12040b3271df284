import { LineReader } from './line-reader.ts';
import { LoginPairs } from './login-pairs.ts';
import { MailHead } from './mail-head.ts';
import { createMessage, type Encryption, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition, StreamHandler, StreamSession } from './protocol.ts';
import { SaslExchange } from './sasl.ts';

/** Longest first line by which a protocol is recognised. */
const maxFirstLine = 1024;

const LF = 0x0a;
const CR = 0x0d;

/**
 * A line-based protocol: commands in one direction, replies in the other. It reports only what it read: one message at the beginning, and one for
 * each line with a value; name and password of a login are reported together. A value is complete at the end of its line, so it has the packet
 * that ends the line.
 */
export abstract class LineHandler implements StreamHandler {
  done = false;
  protected readonly session: StreamSession;
  /** The SASL login in progress. */
  protected sasl: SaslExchange | null = null;
  readonly #protocol: string;
  readonly #cleartext: Encryption;
  readonly #logins: LoginPairs;
  readonly #source: LineReader;
  readonly #destination: LineReader;
  #begun = false;
  #restarted = false;

  constructor(session: StreamSession, protocol: string, cleartext: Encryption) {
    this.session = session;
    this.#protocol = protocol;
    this.#cleartext = cleartext;
    this.#logins = new LoginPairs(session.emit);
    this.#source = new LineReader(session, 'source', protocol);
    this.#destination = new LineReader(session, 'destination', protocol);
  }

  data(sender: Sender): void {
    const reader = this.#reader(sender);
    while (!this.done && !this.#restarted && !this.discards(sender, reader) && reader.next()) {
      this.line(sender, reader);
      if (!this.#begun) this.message(sender);
    }
    reader.release();
  }

  gap(sender: Sender, missing: number): void {
    this.count('gap');
    this.#logins.flush();
    this.#reader(sender).gap(missing);
    this.lost(sender);
  }

  end(): void {
    this.#logins.flush();
    this.session.source.clear();
    this.session.destination.clear();
  }

  /** Takes a line, or a literal. */
  protected abstract line(sender: Sender, reader: LineReader): void;

  /** Lines of the sender were lost: the replies that they may have contained are no longer expected. */
  protected lost(_sender: Sender): void {}

  /** Drops what the sender sent if none of it is of interest. */
  protected discards(_sender: Sender, _reader: LineReader): boolean {
    return false;
  }

  /** Another protocol follows, usually TLS. */
  protected restart(): void {
    this.#restarted = true;
    this.#logins.flush();
    this.session.restart();
  }

  /** Emits a message with one value from the current line. */
  protected value(sender: Sender, name: string, key: string, value: string): void {
    if (value !== '') this.message(sender, [{ name, key, value }]);
  }

  /** Emits a message with values from the current line. */
  protected message(sender: Sender, values: readonly NamedValue[] = []): void {
    const message = createMessage(this.#protocol, this.#cleartext, this.#reader(sender));
    addNamed(message, values, this.session);
    this.#begun = true;
    this.count('messages');
    this.#logins.emit(message);
  }

  /** Starts a SASL login: `mechanism [initial-response]`. */
  protected authenticate(sender: Sender, mechanism: string, initial: string | undefined): void {
    this.sasl = new SaslExchange(mechanism);
    if (initial !== undefined) this.respond(sender, this.sasl, initial);
  }

  /** Reads the client's next response in a SASL login. */
  protected respond(sender: Sender, exchange: SaslExchange, written: string): void {
    const values = exchange.response(written);
    if (values.length > 0) this.message(sender, values);
    if (exchange.finished) this.sasl = null;
  }

  /** A mail message that `sender` is about to send, whose senders and recipients are reported in a message. */
  protected mail(sender: Sender): MailHead {
    return new MailHead((people) => this.message(sender, people), () => this.count('bounded message'));
  }

  protected count(reason: string): void {
    this.session.counters.add(this.#protocol, reason);
  }

  #reader(sender: Sender): LineReader {
    return sender === 'source' ? this.#source : this.#destination;
  }
}

/**
 * Decides by the first line: `judge` decides on a complete one, and returns `more` if only the other side can tell. A line that has not ended
 * yet must begin with one of the words (in upper case).
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
