import { createMessage, type Encryption, type Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/** SSH (RFC 4253, section 4.2): versions in clear, then a key exchange, then nothing to read. */
export const ssh: StreamProtocol = {
  name: 'ssh',
  recognise: recogniseSsh,
  open: (session): StreamHandler => new SshHandler(session),
};

const encrypted: Encryption = { verdict: 'encrypted', reason: 'SSH' };
const start = 'SSH-';

function recogniseSsh(bytes: Buffer): Recognition {
  const text = bytes.toString('latin1', 0, 8);
  if (text.length < 8) return start.startsWith(text.slice(0, 4)) ? 'more' : 'no';
  return /^SSH-[12]\.\d/.test(text) ? 'yes' : 'no';
}

class SshHandler implements StreamHandler {
  done = false;
  readonly #session: StreamSession;

  constructor(session: StreamSession) {
    this.#session = session;
  }

  data(sender: Sender): void {
    const stream = this.#session[sender];
    this.#session.counters.add('ssh', 'messages');
    this.#session.emit(createMessage('ssh', encrypted, sender, stream.frameAt(0), stream.microsAt(0)));
    this.done = true;
  }

  gap(): void {}

  end(): void {}
}
