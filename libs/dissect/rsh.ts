import { addNamed } from './fieldlist.ts';
import { createMessage, type Encryption, type Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { userName } from './sasl.ts';

/**
 * The remote shell (rshd(8)): a port for errors in digits, the user's name on the client, the one on the server, and the command, each with a zero
 * behind. What follows are its input and output.
 */
export const rsh: StreamProtocol = {
  name: 'rsh',
  recognise: recogniseRsh,
  open: (session): StreamHandler => new RshHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'rsh' };
const longestGreeting = 1024;

// oxlint-disable-next-line no-control-regex
const greeting = /^\d{1,5}\0([!-~]{1,32})\0([!-~]{1,32})\0[\t -~]+\0/;

function recogniseRsh(bytes: Buffer): Recognition {
  const text = bytes.toString('latin1', 0, longestGreeting);
  if (greeting.test(text)) return 'yes';
  // oxlint-disable-next-line no-control-regex
  return text.length < longestGreeting && /^\d{1,5}(?:\0(?:[!-~]{1,32}(?:\0(?:[!-~]{1,32}(?:\0[\t -~]*)?)?)?)?)?$/.test(text) ? 'more' : 'no';
}

class RshHandler implements StreamHandler {
  done = false;
  readonly #session: StreamSession;

  constructor(session: StreamSession) {
    this.#session = session;
  }

  data(sender: Sender): void {
    const { options, counters, emit } = this.#session;
    const stream = this.#session[sender];
    const names = greeting.exec(stream.bytes().toString('latin1', 0, longestGreeting));
    this.done = true;
    if (names === null) return;
    counters.add('rsh', 'messages');
    const last = names[0].length - 1;
    const message = createMessage('rsh', cleartext, sender, stream.frameAt(last), stream.microsAt(last));
    addNamed('rsh', message, [userName(names[1]!), userName(names[2]!)], options, counters);
    emit(message);
  }

  gap(): void {}

  end(): void {}
}
