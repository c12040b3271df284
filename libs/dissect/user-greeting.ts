import { createMessage, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/** The contents of a greeting, and its protocol. */
export interface Greeted {
  readonly protocol: string;
  readonly values: readonly NamedValue[];
}

/** The beginning of a protocol that sends its user in the first bytes, each text zero-terminated, and has nothing else of interest. */
export interface UserGreeting {
  readonly name: string;
  /** Matches the greeting, with its texts as groups. */
  readonly whole: RegExp;
  /** Matches any prefix of one. */
  readonly begun: RegExp;
  /** Maximum length in bytes. */
  readonly longest: number;
  /** `serverPort` is 0 if unknown. */
  read(texts: RegExpExecArray, serverPort: number): Greeted;
}

export function greetingProtocol(greeting: UserGreeting): StreamProtocol {
  return {
    name: greeting.name,
    recognise: (bytes) => recognise(greeting, bytes),
    open: (session): StreamHandler => new GreetingHandler(session, greeting),
  };
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

  constructor(session: StreamSession, greeting: UserGreeting) {
    this.#session = session;
    this.#greeting = greeting;
  }

  data(sender: Sender): void {
    const { counters, emit, serverPort } = this.#session;
    const { whole, longest, read } = this.#greeting;
    const stream = this.#session[sender];
    const texts = whole.exec(stream.bytes().toString('latin1', 0, longest));
    this.done = true;
    if (texts === null) return;
    const { protocol, values } = read(texts, serverPort);
    counters.add(protocol, 'messages');
    const origin = this.#session.originAt(sender, texts[0].length - 1);
    const message = createMessage(protocol, { verdict: 'cleartext', reason: protocol }, origin);
    addNamed(message, values, this.#session);
    emit(message);
  }

  gap(): void {}

  end(): void {}
}
