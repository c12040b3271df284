import { createMessage, type Encryption, type Sender } from './message.ts';
import { addNamed } from './fieldlist.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { userName } from './sasl.ts';

/** rlogin (RFC 1282, section 2): a zero, the user's name on the client, the one on the server, and the terminal, each with a zero behind. */
export const rlogin: StreamProtocol = {
  name: 'rlogin',
  recognise: recogniseRlogin,
  open: (session): StreamHandler => new RloginHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'rlogin' };
const longestGreeting = 160;

// oxlint-disable-next-line no-control-regex
const greeting = /^\0([!-~]{1,32})\0([!-~]{1,32})\0[!-.0-~]{1,64}\/\d{1,6}\0/;

function recogniseRlogin(bytes: Buffer): Recognition {
  if (bytes[0] !== 0) return 'no';
  const text = bytes.toString('latin1', 0, longestGreeting);
  if (greeting.test(text)) return 'yes';
  // oxlint-disable-next-line no-control-regex
  return text.length < longestGreeting && /^\0(?:[!-~]{1,32}(?:\0(?:[!-~]{1,32}(?:\0[!-~]{0,72})?)?)?)?$/.test(text) ? 'more' : 'no';
}

class RloginHandler implements StreamHandler {
  done = false;
  readonly #session: StreamSession;

  constructor(session: StreamSession) {
    this.#session = session;
  }

  /** What follows the greeting are keys and screens. */
  data(sender: Sender): void {
    const { options, counters, emit } = this.#session;
    const stream = this.#session[sender];
    const names = greeting.exec(stream.bytes().toString('latin1', 0, longestGreeting));
    this.done = true;
    if (names === null) return;
    counters.add('rlogin', 'messages');
    const last = names[0].length - 1;
    const message = createMessage('rlogin', cleartext, sender, stream.frameAt(last), stream.microsAt(last));
    addNamed('rlogin', message, [userName(names[1]!), userName(names[2]!)], options, counters);
    emit(message);
  }

  gap(): void {}

  end(): void {}
}
