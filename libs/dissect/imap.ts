import { LineHandler, recogniseLine } from './line-protocol.ts';
import type { LineReader } from './line-reader.ts';
import { credentials } from './login.ts';
import type { Encryption, Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/** IMAP (RFC 9051): logins, and senders and recipients of messages. Anything else that the server sends, or the client appends, is content. */
export const imap: StreamProtocol = {
  name: 'imap',
  recognise: recogniseImap,
  open: (session): StreamHandler => new ImapHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'IMAP' };

/** Longest literal that is read, in bytes; a longer one is neither a name nor a password. */
const maxLiteral = 1024;
/** How many literals of one command are read: a LOGIN has two. */
const maxLiterals = 4;

/** How a message, or its head, is returned (RFC 9051, section 7.5.2; RFC822 as in RFC 3501). */
const isMail = /\b(?:BODY\[(?:HEADER[^\]]{0,256})?\](?:<\d+>)?|RFC822(?:\.HEADER)?) \{\d+\}$/i;

const greeting = /^\* (?:OK|PREAUTH|BYE)(?: |$)/i;
const command = /^([A-Za-z0-9.-]{1,32}) (LOGIN|AUTHENTICATE|CAPABILITY|STARTTLS|SELECT|EXAMINE|NAMESPACE|LOGOUT|UID FETCH|FETCH)(?: (.*))?$/i;

function recogniseImap(bytes: Buffer): Recognition {
  const first = bytes[0]!;
  if (first === STAR) return recogniseLine(bytes, ['* OK', '* PREAUTH', '* BYE'], (line) => (greeting.test(line) ? 'yes' : 'no'));
  const text = bytes.toString('latin1', 0, 64);
  if (!/^[A-Za-z0-9.-]{1,32}(?: [A-Za-z]{0,16}(?:[ \r\n][^]*)?)?$/.test(text)) return 'no';
  const newline = bytes.indexOf(LF);
  if (newline < 0) return bytes.length < 1024 ? 'more' : 'no';
  return command.test(bytes.toString('latin1', 0, newline).trimEnd()) ? 'yes' : 'no';
}

class ImapHandler extends LineHandler {
  #client: Sender = 'source';
  #known = false;
  /** If only the server's side is seen, its requests are unknown. */
  #clientSpoke = false;
  /** A command whose line continues after a literal, and its literals. */
  #pending = '';
  readonly #literals: string[] = [];
  /** Tags of the commands whose completion is pending. */
  #saslTag = '';
  #tlsTag = '';
  #fetchTag = '';

  constructor(session: StreamSession) {
    super(session, 'imap', cleartext);
  }

  protected override discards(sender: Sender, reader: LineReader): boolean {
    if (!this.#known || sender === this.#client || !this.#clientSpoke || this.#saslTag !== '' || this.#tlsTag !== '' || this.#fetchTag !== '')
      return false;
    reader.discard();
    return true;
  }

  protected line(sender: Sender, reader: LineReader): void {
    if (!this.#known) {
      this.#client = greeting.test(reader.line.toString('latin1', 0, 16)) === (sender === 'source') ? 'destination' : 'source';
      this.#known = true;
    }
    this.#clientSpoke ||= sender === this.#client;
    if (sender !== this.#client) this.#response(sender, reader);
    else if (reader.isLiteral) this.#literals.push(reader.text);
    else if (this.sasl !== null) this.respond(sender, this.sasl, reader.text.trim());
    else this.#part(sender, reader);
  }

  protected override lost(): void {
    this.sasl = null;
    this.#saslTag = this.#tlsTag = this.#fetchTag = this.#pending = '';
    this.#literals.length = 0;
  }

  #response(sender: Sender, reader: LineReader): void {
    const { text } = reader;
    const literal = /\{(\d{1,12})\}$/.exec(text);
    if (literal !== null) reader.passOver(Number(literal[1]), isMail.test(text) ? this.mail(sender) : null);
    this.#envelope(sender, text);
    this.#completion(text);
  }

  /** The addresses of an envelope, each with a name, a route, a mailbox and a host (RFC 9051, section 7.5.2). */
  #envelope(sender: Sender, line: string): void {
    if (!/\bENVELOPE \(/i.test(line)) return;
    const addresses = Array.from(
      line.matchAll(/\((?:"(?:[^"\\]|\\.)*"|NIL) (?:"[^"]*"|NIL) "([^"@\s]{1,64})" "([^"\s]{1,255})"\)/gi),
      ([, mailbox, host]) => `${mailbox}@${host}`,
    );
    if (addresses.length > 0)
      this.message(
        sender,
        [...new Set(addresses)].map((value) => ({ name: 'envelope', key: 'email', value })),
      );
  }

  #completion(line: string): void {
    const tag = line.split(' ', 1)[0]!;
    if (tag === this.#saslTag) {
      this.sasl = null;
      this.#saslTag = '';
    } else if (tag === this.#tlsTag) {
      this.#tlsTag = '';
      if (/^\S+ OK\b/i.test(line)) this.restart();
    } else if (tag === this.#fetchTag) {
      this.#fetchTag = '';
    }
  }

  /** A line of a command, which continues after a literal `{length}` or `{length+}` (RFC 9051, section 4.3). */
  #part(sender: Sender, reader: LineReader): void {
    const text = reader.text;
    const literal = /\{(\d{1,12})\+?\}$/.exec(text);
    if (literal === null) {
      this.#command(sender, this.#pending + text);
      this.#pending = '';
      this.#literals.length = 0;
      return;
    }
    const length = Number(literal[1]);
    const isLogin = /^\S{1,32} LOGIN /i.test(this.#pending === '' ? text : this.#pending);
    if (!isLogin || length > maxLiteral || this.#literals.length >= maxLiterals) {
      reader.passOver(length, /^\S{1,32} APPEND /i.test(text) ? this.mail(sender) : null);
      this.#pending = isLogin ? this.#pending : '-';
    } else {
      reader.takeLiteral(length);
      this.#pending += `${text.slice(0, literal.index)}{${this.#literals.length}}`;
    }
  }

  #command(sender: Sender, line: string): void {
    const [, tag = '', verb = '', rest = ''] = command.exec(line) ?? [];
    switch (verb.toUpperCase()) {
      case 'LOGIN': {
        const [user, secret] = this.#arguments(rest);
        if (user !== undefined && secret !== undefined) this.message(sender, credentials(user, secret));
        break;
      }
      case 'AUTHENTICATE': {
        const [mechanism = '', initial] = rest.split(/ +/);
        this.#saslTag = tag;
        this.authenticate(sender, mechanism, initial);
        break;
      }
      case 'STARTTLS': this.#tlsTag = tag; break;
      case 'FETCH': case 'UID FETCH': this.#fetchTag = tag; break;
    }
  }

  /** Arguments of a command: atoms, quoted strings, or literals, by number. */
  #arguments(text: string): string[] {
    return Array.from(text.matchAll(/"((?:[^"\\]|\\.)*)"|\{(\d)\}|([^ "{]\S*)/g), ([, quoted, literal, atom]) =>
      quoted !== undefined ? quoted.replace(/\\(.)/g, '$1') : literal !== undefined ? (this.#literals[Number(literal)] ?? '') : atom!);
  }
}

const LF = 0x0a;
const STAR = 0x2a;
