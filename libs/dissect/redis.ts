import { LineHandler } from './line-protocol.ts';
import type { LineReader } from './line-reader.ts';
import { password, userName } from './login.ts';
import type { Encryption, Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/**
 * Redis (RESP, https://redis.io/docs/latest/develop/reference/protocol-spec/): logins with AUTH or HELLO.
 * Keys and values are content.
 */
export const redis: StreamProtocol = {
  name: 'redis',
  recognise: recogniseRedis,
  open: (session): StreamHandler => new RedisHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'REDIS' };

/** A command is an array of strings: `*2 CRLF $4 CRLF AUTH CRLF …`. */
function recogniseRedis(bytes: Buffer): Recognition {
  const text = bytes.toString('latin1', 0, 32);
  if (/^\*[1-9]\d{0,6}\r\n\$\d{1,9}\r\n/.test(text)) return 'yes';
  return /^\*(?:[1-9]\d{0,6}(?:\r(?:\n(?:\$(?:\d{1,9}\r?)?)?)?)?)?$/.test(text) ? 'more' : 'no';
}

/** Maximum number of arguments in a login (`HELLO 3 AUTH user password SETNAME name`), and maximum length of one. */
const mostArguments = 8;
const longestArgument = 1024;

class RedisHandler extends LineHandler {
  #client: Sender | null = null;
  /** Arguments of the command still to come, and those already read. */
  #awaited = 0;
  readonly #arguments: string[] = [];

  constructor(session: StreamSession) {
    super(session, 'redis', cleartext);
  }

  protected override discards(sender: Sender, reader: LineReader): boolean {
    if (this.#client === null || sender === this.#client) return false;
    reader.discard();
    return true;
  }

  protected line(sender: Sender, reader: LineReader): void {
    if (reader.isLiteral) {
      this.#argument(sender, reader.text);
      return;
    }
    const { text } = reader;
    const count = /^\*(\d{1,7})$/.exec(text);
    if (count !== null) {
      this.#client ??= sender;
      this.#awaited = Number(count[1]);
      this.#arguments.length = 0;
      return;
    }
    const length = /^\$(\d{1,9})$/.exec(text);
    if (length !== null && this.#awaited > 0) {
      const bytes = Number(length[1]);
      const isOfInterest = this.#arguments.length < mostArguments && bytes <= longestArgument && this.#isLogin();
      if (isOfInterest) {
        reader.takeLiteral(bytes);
      } else {
        reader.passOver(bytes);
        this.#argument(sender, '');
      }
    } else if (this.#awaited === 0 && /^AUTH /i.test(text)) {
      this.#login(sender, text.split(' '));
    }
  }

  protected override lost(): void {
    this.#awaited = 0;
  }

  /** Whether what was read so far may become a login. */
  #isLogin(): boolean {
    return this.#arguments.length === 0 || /^(?:AUTH|HELLO)$/i.test(this.#arguments[0]!);
  }

  #argument(sender: Sender, value: string): void {
    if (this.#arguments.length < mostArguments) this.#arguments.push(value);
    if (--this.#awaited === 0 && this.#isLogin()) this.#login(sender, this.#arguments);
  }

  /** `AUTH [user] password`, `HELLO version AUTH user password` (https://redis.io/docs/latest/commands/auth/). */
  #login(sender: Sender, words: readonly string[]): void {
    const auth = words.findIndex((word) => /^AUTH$/i.test(word));
    if (auth < 0) return;
    const [first, second] = words.slice(auth + 1);
    if (first === undefined) return;
    this.message(sender, second === undefined ? [password(first)] : [userName(first), password(second)]);
  }
}
