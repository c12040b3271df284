import { LineHandler, recogniseLine } from './line-protocol.ts';
import type { LineReader } from './line-reader.ts';
import { passwordOf, userName } from './login.ts';
import type { Encryption, Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { readCramMd5 } from './sasl.ts';

/** POP3 (RFC 1939): logins (RFC 5034 for AUTH), and senders and recipients of messages. Anything else that the server sends is content. */
export const pop3: StreamProtocol = {
  name: 'pop3',
  recognise: recognisePop3,
  open: (session): StreamHandler => new Pop3Handler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'POP3' };

const words = ['+OK', 'APOP ', 'CAPA', 'STLS', 'AUTH '];

/** A bare `+OK` may come from a different kind of server, and SMTP has AUTH too: then the other side decides. */
function recognisePop3(bytes: Buffer): Recognition {
  return recogniseLine(bytes, words, (line) => {
    if (/^\+OK .|^APOP \S+ [0-9a-f]{32}$|^(?:CAPA|STLS)$/i.test(line)) return 'yes';
    return /^(?:\+OK|AUTH(?: [A-Z0-9-]{3,20}(?: \S+)?)?)$/i.test(line) ? 'more' : 'no';
  });
}

class Pop3Handler extends LineHandler {
  #client: Sender = 'source';
  #user = '';
  #awaitsTls = false;
  #greeted = false;
  /** Messages that were requested and have not begun to arrive. */
  #asked = 0;

  constructor(session: StreamSession) {
    super(session, 'pop3', cleartext);
  }

  /** From the server, only its replies to AUTH and STLS, and the heads of messages, are of interest. */
  protected override discards(sender: Sender, reader: LineReader): boolean {
    if (sender === this.#client || !this.#greeted || this.sasl !== null || this.#awaitsTls || this.#asked > 0 || reader.inHead) return false;
    reader.discard();
    return true;
  }

  protected line(sender: Sender, reader: LineReader): void {
    const isReply = /^(?:\+OK|-ERR|\+ ?)(?: |$)/.test(reader.line.toString('latin1', 0, 5));
    if (isReply) this.#reply(sender, reader);
    else if (sender === this.#client || !this.#greeted) this.#command(sender, reader.text);
  }

  protected override lost(): void {
    this.sasl = null;
    this.#awaitsTls = false;
    this.#asked = 0;
  }

  #reply(sender: Sender, reader: LineReader): void {
    this.#client = sender === 'source' ? 'destination' : 'source';
    this.#greeted = true;
    if (reader.line[0] === PLUS && reader.line[1] !== LETTER_O) return;
    this.sasl = null;
    if (this.#awaitsTls && reader.line[0] === PLUS) this.restart();
    this.#awaitsTls = false;
    if (this.#asked === 0) return;
    this.#asked--;
    if (reader.line[0] === PLUS) reader.passOverDotted(this.mail(sender));
  }

  #command(sender: Sender, text: string): void {
    if (this.sasl !== null) {
      this.respond(sender, this.sasl, text.trim());
      return;
    }
    const space = text.indexOf(' ');
    const verb = (space < 0 ? text : text.slice(0, space)).toUpperCase();
    const argument = space < 0 ? '' : text.slice(space + 1);
    switch (verb) {
      case 'USER':
        this.#user = argument.trim();
        this.message(sender, [userName(this.#user)]);
        break;
      // A password may contain spaces (RFC 1939, section 7).
      case 'PASS': this.message(sender, [passwordOf(this.#user, argument)]); break;
      case 'APOP': this.message(sender, readCramMd5(argument)); break;
      case 'AUTH': {
        const [mechanism = '', initial] = argument.split(/ +/);
        if (mechanism !== '') this.authenticate(sender, mechanism, initial);
        break;
      }
      case 'STLS': this.#awaitsTls = true; break;
      case 'RETR': case 'TOP': this.#asked++; break;
    }
  }
}

const PLUS = 0x2b;
const LETTER_O = 0x4f;
