import { LineHandler, recogniseLine } from './line-protocol.ts';
import type { LineReader } from './line-reader.ts';
import type { Encryption, Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/**
 * SMTP and LMTP (RFC 5321, RFC 2033): logins (RFC 4954), senders and recipients, in the envelope and in the message's head. The body is content.
 */
export const smtp: StreamProtocol = {
  name: 'smtp',
  recognise: recogniseSmtp,
  open: (session): StreamHandler => new SmtpHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'SMTP' };

const words = ['EHLO ', 'HELO ', 'LHLO ', 'MAIL FROM:', 'AUTH ', '220'];

/** A 220 greeting may also be FTP's: then the client's first command decides. */
function recogniseSmtp(bytes: Buffer): Recognition {
  return recogniseLine(bytes, words, (line) => {
    if (/^(?:EHLO|HELO|LHLO) +\S|^MAIL FROM: *</i.test(line)) return 'yes';
    if (/^AUTH +(?:LOGIN|PLAIN|XOAUTH2|OAUTHBEARER|CRAM-MD5|DIGEST-MD5|NTLM|SCRAM-\S+)(?: |$)/i.test(line)) return 'more';
    if (!/^220(?:[ -]|$)/.test(line)) return 'no';
    return /\b[EL]?S?MTP\b/i.test(line) ? 'yes' : 'more';
  });
}

const HYPHEN = 0x2d;

class SmtpHandler extends LineHandler {
  /** The command for which the server's next final reply is expected. */
  #awaits: '' | 'STARTTLS' | 'DATA' = '';
  /** The side that sent DATA. */
  #client: LineReader | null = null;
  /** The previous chunk was not the last. */
  #inChunks = false;

  constructor(session: StreamSession) {
    super(session, 'smtp', cleartext);
  }

  protected line(sender: Sender, reader: LineReader): void {
    if (/^[2-5]\d\d(?:[ -]|$)/.test(reader.line.toString('latin1', 0, 4))) this.#reply(reader);
    else this.#command(sender, reader);
  }

  protected override lost(): void {
    this.sasl = null;
    this.#awaits = '';
  }

  #reply(reader: LineReader): void {
    const code = Number(reader.line.toString('latin1', 0, 3));
    if (reader.line[3] === HYPHEN) return;
    if (code !== 334) this.sasl = null;
    if (this.#awaits === 'STARTTLS' && code === 220) this.restart();
    else if (this.#awaits === 'DATA' && code >= 400) this.#client?.endContent();
    else if (this.#awaits === 'DATA' && code === 354 && this.#client?.inDotted === false) this.#client.passOverDotted(this.mail(this.#client.sender));
    // The reply to a pipelined DATA comes after those to the commands before it (RFC 2920).
    if (this.#awaits === 'STARTTLS' || code === 354) this.#awaits = '';
  }

  #command(sender: Sender, reader: LineReader): void {
    const { text } = reader;
    if (this.sasl !== null) {
      this.respond(sender, this.sasl, text.trim());
      return;
    }
    const space = text.search(/[ :]/);
    const verb = (space < 0 ? text : text.slice(0, space)).toUpperCase();
    switch (verb) {
      case 'EHLO': case 'HELO': case 'LHLO': this.value(sender, 'helo', 'helo', text.slice(space + 1).trim()); break;
      case 'MAIL': case 'RCPT': this.#path(sender, text); break;
      case 'AUTH': {
        const [, mechanism = '', initial] = text.split(/ +/);
        this.authenticate(sender, mechanism, initial);
        break;
      }
      case 'STARTTLS': this.#awaits = 'STARTTLS'; break;
      case 'BDAT': this.#chunk(sender, reader, text); break;
      case 'DATA':
        this.#client = reader;
        this.#awaits = 'DATA';
        reader.passOverDotted(this.mail(sender));
        break;
    }
  }

  /** `MAIL FROM:<reverse-path> parameters`, `RCPT TO:<forward-path>`; some senders omit the brackets. */
  #path(sender: Sender, text: string): void {
    const path = /^(MAIL FROM|RCPT TO): *(?:<(?:@[^:>]*:)?([^>]*)>|([^ <>]+))/i.exec(text);
    if (path === null) return;
    const name = path[1]!.toUpperCase() === 'RCPT TO' ? 'rcpt_to' : 'mail_from';
    this.value(sender, name, name, path[2] ?? path[3]!);
  }

  /** `BDAT length [LAST]` (RFC 3030): the chunk follows immediately. */
  #chunk(sender: Sender, reader: LineReader, text: string): void {
    const length = /^BDAT +(\d{1,12})( +LAST)?/i.exec(text);
    if (length === null) return this.count('malformed chunk');
    reader.passOver(Number(length[1]), this.#inChunks ? null : this.mail(sender));
    this.#inChunks = length[2] === undefined;
  }
}
