import { LoginPairs } from './login-pairs.ts';
import { password, userName } from './login.ts';
import { createMessage, type Encryption, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/**
 * Telnet (RFC 854): what a user types when prompted for a name or a password, whether sent character by character or as a line, and the user name
 * in option negotiation (RFC 1408, RFC 1572). Anything else that is typed is content.
 */
export const telnet: StreamProtocol = {
  name: 'telnet',
  recognise: recogniseTelnet,
  open: (session): StreamHandler => new TelnetHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'Telnet' };

const IAC = 0xff;
const SB = 0xfa;
const SE = 0xf0;
const WILL = 0xfb;
const DONT = 0xfe;
const OLD_ENVIRON = 36;
const ENCRYPT = 38;
const NEW_ENVIRON = 39;
/** Highest option in use except 255 (https://www.iana.org/assignments/telnet-options). */
const highestOption = 140;

/** Maximum length in bytes of a typed line, of a prompt, and of a subnegotiation. */
const longestLine = 256;
const longestPrompt = 80;
const longestSubnegotiation = 1024;

/** A Telnet connection begins with negotiation: `IAC WILL option`, or `IAC SB`. */
function recogniseTelnet(bytes: Buffer): Recognition {
  const [first, command, option] = bytes;
  if (first !== IAC) return 'no';
  if (command === undefined) return 'more';
  if (command < SB || command > DONT) return 'no';
  if (option === undefined) return 'more';
  return option <= highestOption || option === IAC ? 'yes' : 'no';
}

const asksName = /(?:login|user ?name|user|account|user ?id)\s*[:>]\s*$/i;
const asksPassword = /(?:pass(?:word|code|phrase)?|PIN)(?:\s+for\s+\S+|\s*\([^)]{0,20}\))?\s*[:>]\s*$/i;

class TelnetHandler implements StreamHandler {
  readonly done = false;
  readonly #session: StreamSession;
  readonly #logins: LoginPairs;
  readonly #sides: Record<Sender, Side> = { source: new Side(), destination: new Side() };
  #begun = false;

  constructor(session: StreamSession) {
    this.#session = session;
    this.#logins = new LoginPairs(session.emit);
  }

  data(sender: Sender): void {
    const stream = this.#session[sender];
    const side = this.#sides[sender];
    const bytes = stream.bytes();
    if (!this.#begun) this.#emit(sender, [], 0);
    for (let position = 0; position < bytes.length; position++) {
      switch (side.take(bytes[position]!)) {
        case 'letter': this.#letter(sender, bytes[position]!); break;
        case 'end of line': this.#endOfLine(sender, position); break;
        case 'subnegotiation': this.#subnegotiation(sender, side.subnegotiation, position); break;
      }
    }
    stream.consume(bytes.length);
  }

  gap(sender: Sender): void {
    this.#session.counters.add('telnet', 'gap');
    this.#logins.flush();
    this.#session[sender].clear();
    this.#sides[sender].reset();
  }

  end(): void {
    this.#logins.flush();
  }

  /** The first letter of a line responds to what the other side wrote last. */
  #letter(sender: Sender, letter: number): void {
    const side = this.#sides[sender];
    side.asked ??= this.#sides[sender === 'source' ? 'destination' : 'source'].prompt();
    if (letter === BACKSPACE || letter === DELETE) side.line.pop();
    else if (letter === KILL_LINE) side.line.length = 0;
    else if (letter >= 0x20) side.append(letter);
  }

  #endOfLine(sender: Sender, position: number): void {
    const side = this.#sides[sender];
    const text = Buffer.from(side.line).toString('utf8').trim();
    const prompt = side.asked ?? '';
    side.line.length = 0;
    side.asked = null;
    if (text === '') return;
    if (asksPassword.test(prompt)) this.#emit(sender, [password(text)], position);
    else if (asksName.test(prompt)) this.#emit(sender, [userName(text)], position);
  }

  #subnegotiation(sender: Sender, bytes: readonly number[], position: number): void {
    if (bytes[0] === ENCRYPT && bytes[1] === ENCRYPT_START) this.#session.counters.add('telnet', 'encrypted');
    if (bytes[0] !== OLD_ENVIRON && bytes[0] !== NEW_ENVIRON) return;
    // IS, then VAR name VALUE value …: RFC 1572 uses 0 and 1 in the old order, and in practice they are mixed up.
    // oxlint-disable-next-line no-control-regex
    const user = /[\0\x01\x03]USER[\0\x01]([^\0-\x03]+)/.exec(Buffer.from(bytes.slice(2)).toString('latin1'));
    if (bytes[1] !== SEND && user !== null) this.#emit(sender, [userName(user[1]!)], position);
  }

  #emit(sender: Sender, values: readonly NamedValue[], position: number): void {
    const message = createMessage('telnet', cleartext, this.#session.originAt(sender, position));
    addNamed(message, values, this.#session);
    this.#begun = true;
    this.#session.counters.add('telnet', 'messages');
    this.#logins.emit(message);
  }
}

const BACKSPACE = 0x08;
const DELETE = 0x7f;
const KILL_LINE = 0x15;
const CR = 0x0d;
const LF = 0x0a;
const NUL = 0x00;
const SEND = 1;
const ENCRYPT_START = 3;

type Taken = 'letter' | 'end of line' | 'subnegotiation' | 'nothing';

/** The data that one side sends, without the commands. */
class Side {
  /** The line in progress, and the other side's prompt when it began. */
  readonly line: number[] = [];
  asked: string | null = null;
  /** Option and content of the last subnegotiation. */
  subnegotiation: number[] = [];
  #state: 'data' | 'command' | 'option' | 'subnegotiation' | 'subnegotiation command' = 'data';
  #afterCr = false;

  take(byte: number): Taken {
    switch (this.#state) {
      case 'data': return this.#data(byte);
      case 'command':
        if (byte === IAC) {
          this.#state = 'data';
          return 'letter';
        }
        this.#state = byte === SB ? 'subnegotiation' : byte >= WILL && byte <= DONT ? 'option' : 'data';
        if (byte === SB) this.subnegotiation = [];
        return 'nothing';
      case 'option': this.#state = 'data'; return 'nothing';
      case 'subnegotiation':
        if (byte === IAC) this.#state = 'subnegotiation command';
        else this.#collect(byte);
        return 'nothing';
      case 'subnegotiation command':
        this.#state = byte === SE ? 'data' : 'subnegotiation';
        // A doubled IAC is a literal 0xFF (RFC 855).
        if (byte === IAC) this.#collect(byte);
        return byte === SE ? 'subnegotiation' : 'nothing';
    }
  }

  append(letter: number): void {
    this.line.push(letter);
    if (this.line.length > longestLine) this.line.shift();
  }

  /** The last line it has written, limited to the length of a prompt. */
  prompt(): string {
    return Buffer.from(this.line.slice(-longestPrompt)).toString('latin1');
  }

  reset(): void {
    this.line.length = 0;
    this.asked = null;
    this.#state = 'data';
    this.#afterCr = false;
  }

  #collect(byte: number): void {
    if (this.subnegotiation.length < longestSubnegotiation) this.subnegotiation.push(byte);
  }

  /** A line ends with CR LF, CR NUL, CR or LF (RFC 854; in practice all of them). */
  #data(byte: number): Taken {
    if (byte === IAC) {
      this.#state = 'command';
      return 'nothing';
    }
    const afterCr = this.#afterCr;
    this.#afterCr = byte === CR;
    if (byte === CR) return 'end of line';
    if (byte === LF) return afterCr ? 'nothing' : 'end of line';
    return byte === NUL ? 'nothing' : 'letter';
  }
}
