import { createMessage, type Encryption, type Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/**
 * SSH (RFC 4253, section 4.2): each side opens with a version line. Everything after it is encrypted except the negotiation of algorithms, whose
 * names (`umac-64@openssh.com`, RFC 4251, section 6) look like mail addresses: nothing after the line is read.
 */
export const ssh: StreamProtocol = { name: 'ssh', recognise: recogniseSsh, open: (session) => new SshHandler(session) };

const encrypted: Encryption = { verdict: 'encrypted', reason: 'SSH identification' };
const banner = 'SSH-';

function recogniseSsh(bytes: Buffer): Recognition {
  const start = bytes.toString('latin1', 0, banner.length);
  return start === banner ? 'yes' : banner.startsWith(start) ? 'more' : 'no';
}

class SshHandler implements StreamHandler {
  done = false;
  readonly #session: StreamSession;

  constructor(session: StreamSession) {
    this.#session = session;
  }

  data(sender: Sender): void {
    this.#session.counters.add('ssh', 'messages');
    this.#session.emit(createMessage('ssh', encrypted, this.#session.originAt(sender, 0)));
    this.done = true;
  }

  gap(): void {
    this.done = true;
  }

  end(): void {}
}
