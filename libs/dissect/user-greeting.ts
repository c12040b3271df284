import { addNamed } from './fieldlist.ts';
import { createMessage, type Encryption, type Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { userName } from './sasl.ts';

/** How a protocol begins that names its user on the client and on the server, each with a zero behind, and has nothing else of interest. */
export interface UserGreeting {
  readonly name: string;
  /** The greeting, with both names as groups. */
  readonly whole: RegExp;
  /** Any beginning of one. */
  readonly begun: RegExp;
  /** Bytes in which it has to stand. */
  readonly longest: number;
}

export function greetingProtocol(greeting: UserGreeting): StreamProtocol {
  const cleartext: Encryption = { verdict: 'cleartext', reason: greeting.name };
  return { name: greeting.name, recognise: (bytes) => recognise(greeting, bytes), open: (session): StreamHandler => new GreetingHandler(session, greeting, cleartext) };
}

function recognise({ whole, begun, longest }: UserGreeting, bytes: Buffer): Recognition {
  const text = bytes.toString('latin1', 0, longest);
  if (whole.test(text)) return 'yes';
  return text.length < longest && begun.test(text) ? 'more' : 'no';
}

class GreetingHandler implements StreamHandler {
  done = false;
  readonly #session: StreamSession;
  readonly #greeting: UserGreeting;
  readonly #encryption: Encryption;

  constructor(session: StreamSession, greeting: UserGreeting, encryption: Encryption) {
    this.#session = session;
    this.#greeting = greeting;
    this.#encryption = encryption;
  }

  data(sender: Sender): void {
    const { options, counters, emit } = this.#session;
    const { name, whole, longest } = this.#greeting;
    const stream = this.#session[sender];
    const names = whole.exec(stream.bytes().toString('latin1', 0, longest));
    this.done = true;
    if (names === null) return;
    counters.add(name, 'messages');
    const last = names[0].length - 1;
    const message = createMessage(name, this.#encryption, sender, stream.frameAt(last), stream.microsAt(last));
    addNamed(name, message, [userName(names[1]!), userName(names[2]!)], options, counters);
    emit(message);
  }

  gap(): void {}

  end(): void {}
}
