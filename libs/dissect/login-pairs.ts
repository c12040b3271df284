import type { Emit, Message } from './message.ts';

/**
 * Puts the name and the password of one login into one message, where a protocol asks for one after the other: what belongs together is one event for
 * whoever reads of it. A name waits for the next message of the connection, and is told with it when that is of the same login, else before it.
 */
export class LoginPairs {
  readonly #emit: Emit;
  #name: Message | null = null;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** Takes a message without payload. */
  emit(message: Message): void {
    const name = this.#name;
    this.#name = null;
    if (name !== null && name.sender === message.sender && message.fields.some(({ path }) => path.includes('.login.') && !isName(path)))
      message.fields.unshift(...name.fields);
    else if (name !== null) this.#emit(name);
    if (message.fields.length === 1 && isName(message.fields[0]!.path)) this.#name = message;
    else this.#emit(message);
  }

  /** The login goes no further, or it cannot be seen. */
  flush(): void {
    const name = this.#name;
    this.#name = null;
    if (name !== null) this.#emit(name);
  }
}

function isName(path: string): boolean {
  return path.endsWith('.login.user_name');
}
