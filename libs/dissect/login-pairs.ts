import type { Emit, Message } from './message.ts';

/**
 * Combines name and password of one login into one message if a protocol requests them separately: together they are one event for the reader.
 * A name waits for the next message of the connection, and is emitted with it if that belongs to the same login, otherwise before it.
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

  /** The login does not continue, or the rest cannot be seen. */
  flush(): void {
    const name = this.#name;
    this.#name = null;
    if (name !== null) this.#emit(name);
  }
}

function isName(path: string): boolean {
  return path.endsWith('.login.user_name');
}
