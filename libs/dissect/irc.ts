import { LineHandler, recogniseLine } from './line-protocol.ts';
import type { LineReader } from './line-reader.ts';
import { password, userName } from './login.ts';
import type { Encryption, Sender } from './message.ts';
import type { NamedValue } from './named-value.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/** IRC (RFC 2812, https://modern.ircdocs.horse): a client's names, its login, and the channels that it joins. */
export const irc: StreamProtocol = {
  name: 'irc',
  recognise: recogniseIrc,
  open: (session): StreamHandler => new IrcHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'IRC' };

const words = ['NICK ', 'USER ', 'CAP LS', 'CAP REQ', 'PASS ', 'JOIN ', 'NOTICE ', ':', 'STARTTLS'];
const LF = 0x0a;

const opening =
  /^NICK \S|^USER \S+ \S+ \S+ :?\S|^CAP (?:LS|REQ)(?: |$)|^JOIN :?[#&]|^NOTICE (?:AUTH|\*) :|^:\S+ +(?:NOTICE|PRIVMSG|JOIN|\d{3}) +\S/i;

/** The password comes first (RFC 2812, section 3.1.1); FTP and POP3 never begin that way. */
function recogniseIrc(bytes: Buffer): Recognition {
  const first = recogniseOpening(bytes);
  if (first !== 'password') return first;
  const behind = bytes.subarray(bytes.indexOf(LF) + 1);
  if (behind.length === 0) return 'more';
  const second = recogniseOpening(behind);
  return second === 'password' ? 'no' : second;
}

function recogniseOpening(bytes: Buffer): Recognition | 'password' {
  let isPassword = false;
  const recognition = recogniseLine(bytes, words, (line) => {
    isPassword = /^PASS \S/i.test(line);
    return opening.test(line) ? 'yes' : 'no';
  });
  return isPassword ? 'password' : recognition;
}

class IrcHandler extends LineHandler {
  constructor(session: StreamSession) {
    super(session, 'irc', cleartext);
  }

  protected line(sender: Sender, reader: LineReader): void {
    const { prefix, command, parameters } = parse(reader.text);
    if (prefix !== '') this.#reply(command);
    else this.#command(sender, command, parameters);
  }

  protected override lost(): void {
    this.sasl = null;
  }

  /** 670 grants STARTTLS, 900 to 908 end AUTHENTICATE (https://ircv3.net/specs/extensions/tls-3.1, sasl-3.1). */
  #reply(command: string): void {
    if (command === '670') this.restart();
    else if (/^90\d$/.test(command)) this.sasl = null;
  }

  #command(sender: Sender, command: string, parameters: readonly string[]): void {
    const [first = '', second = ''] = parameters;
    switch (command) {
      case 'NICK': this.#tell(sender, [userName(first)]); break;
      case 'USER': this.#tell(sender, [userName(first), { name: 'real_name', key: 'real_name', value: parameters[3] ?? '' }]); break;
      case 'PASS': this.#tell(sender, [password(first)]); break;
      case 'OPER': this.#tell(sender, [userName(first), password(second)]); break;
      case 'JOIN': this.#tell(sender, first.split(',').filter((name) => /^[#&+!]/.test(name)).map(channel)); break;
      case 'PRIVMSG': case 'NICKSERV': case 'NS':
        this.#identify(sender, command === 'PRIVMSG' ? parameters : ['NickServ', parameters.join(' ')]);
        break;
      case 'AUTHENTICATE': this.#authenticate(sender, first); break;
    }
  }

  /** `IDENTIFY [account] password`, sent to NickServ. */
  #identify(sender: Sender, [to = '', text = '']: readonly string[]): void {
    if (!/^nickserv(?:@|$)/i.test(to)) return;
    const [verb = '', ...words] = text.split(/ +/);
    if (!/^identify$/i.test(verb) || words[0] === undefined) return;
    this.#tell(sender, words[1] === undefined ? [password(words[0])] : [userName(words[0]), password(words[1])]);
  }

  #authenticate(sender: Sender, argument: string): void {
    if (this.sasl === null) this.authenticate(sender, argument, undefined);
    else if (argument !== '+') this.respond(sender, this.sasl, argument);
  }

  #tell(sender: Sender, values: readonly NamedValue[]): void {
    if (values.some(({ value }) => value !== '')) this.message(sender, values);
  }
}

/** A channel's name without its type prefix. */
function channel(name: string): NamedValue {
  return { name: 'channel', key: 'channel_name', value: name.slice(1) };
}

/** `[@tags] [:prefix] command parameters [:trailing]` (RFC 2812, section 2.3.1; https://ircv3.net/specs/extensions/message-tags). */
function parse(line: string): { prefix: string; command: string; parameters: string[] } {
  const [, prefix = '', command = '', rest = ''] = /^(?:@\S+ +)?(?::(\S+) +)?([A-Za-z]+|\d{3})(?: +(.*))?$/.exec(line.trimStart()) ?? [];
  const trailing = rest.startsWith(':') ? 0 : rest.indexOf(' :');
  const middle = (trailing < 0 ? rest : rest.slice(0, trailing)).split(/ +/).filter((word) => word !== '');
  if (trailing >= 0) middle.push(rest.slice(rest.indexOf(':', trailing) + 1));
  return { prefix, command: command.toUpperCase(), parameters: middle };
}
