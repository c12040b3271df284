import { LineHandler, recogniseLine } from './line-protocol.ts';
import type { LineReader } from './line-reader.ts';
import { passwordOf, userName } from './login.ts';
import type { Encryption, Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/** The control connection of FTP (RFC 959): logins. */
export const ftp: StreamProtocol = {
  name: 'ftp',
  recognise: recogniseFtp,
  open: (session): StreamHandler => new FtpHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'FTP' };

const words = ['220', '230', '331', '530', 'USER ', 'AUTH TLS', 'AUTH SSL', 'FEAT', 'SYST', 'PASV', 'EPSV', 'PORT '];

/** A 220 greeting may also be SMTP's: then the client's first command decides. USER is FTP's: on POP3, the server's greeting comes before it. */
function recogniseFtp(bytes: Buffer): Recognition {
  return recogniseLine(bytes, words, (line) => {
    if (/^220[ -].*ftp/i.test(line) && !/smtp/i.test(line)) return 'yes';
    if (/^331[ -]|^(?:AUTH (?:TLS|SSL)|FEAT|SYST|PASV|EPSV|PORT \d{1,3}(?:,\d{1,3}){5})$/i.test(line)) return 'yes';
    if (/^USER \S+$/i.test(line)) return 'yes';
    return /^220(?:[ -]|$)/.test(line) ? 'more' : 'no';
  });
}

class FtpHandler extends LineHandler {
  #user = '';
  #awaitsTls = false;

  constructor(session: StreamSession) {
    super(session, 'ftp', cleartext);
  }

  protected line(sender: Sender, reader: LineReader): void {
    const { text } = reader;
    if (/^[1-5]\d\d(?:[ -]|$)/.test(text)) {
      if (this.#awaitsTls && text.startsWith('234')) this.restart();
      this.#awaitsTls = false;
      return;
    }
    const [, verb = '', argument = ''] = /^([A-Za-z]{3,4})(?: (.*))?$/.exec(text) ?? [];
    switch (verb.toUpperCase()) {
      case 'USER':
        this.#user = argument.trim();
        this.message(sender, [userName(this.#user)]);
        break;
      case 'PASS': this.message(sender, [passwordOf(this.#user, argument)]); break;
      case 'ACCT': this.value(sender, 'login.account', 'account', argument.trim()); break;
      case 'AUTH': this.#awaitsTls = /^(?:TLS|SSL|TLS-C|TLS-P)$/i.test(argument.trim()); break;
    }
  }

  protected override lost(): void {
    this.#awaitsTls = false;
  }
}
