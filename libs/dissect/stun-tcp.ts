import type { Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { stunHeaderBytes, stunLength, stunMessage } from './stun.ts';

/**
 * STUN and TURN over TCP: a sequence of messages (RFC 8489, section 6.2.2), interleaved with TURN's channel data (RFC 8656, section 12.5), or,
 * between ICE peers, each with a two-byte length prefix (RFC 4571).
 */
export const stunOverTcp: StreamProtocol = {
  name: 'stun',
  recognise(bytes: Buffer): Recognition {
    const plain = recogniseAt(bytes, 0);
    const framed = recogniseAt(bytes, framePrefix);
    return plain === 'yes' || framed === 'yes' ? 'yes' : plain === 'more' || framed === 'more' ? 'more' : 'no';
  },
  open: (session) => new StunHandler(session),
};

const framePrefix = 2;
const cookie = [0x21, 0x12, 0xa4, 0x42];

/** Is there a STUN header after `prefix` bytes? */
function recogniseAt(bytes: Buffer, prefix: number): Recognition {
  if (bytes.length > prefix && bytes[prefix]! > 0x3f) return 'no';
  for (let i = 0; i < cookie.length; i++) {
    const byte = bytes[prefix + 4 + i];
    if (byte === undefined) return 'more';
    if (byte !== cookie[i]) return 'no';
  }
  return 'yes';
}

class StunHandler implements StreamHandler {
  readonly done = false;
  readonly #session: StreamSession;

  constructor(session: StreamSession) {
    this.#session = session;
  }

  data(sender: Sender): void {
    const { emit } = this.#session;
    const stream = this.#session[sender];
    while (stream.length >= 4) {
      const bytes = stream.bytes();
      // Channel numbers are 0x4000 to 0x4fff; the data are padded to four bytes.
      const isChannelData = (bytes[0]! & 0xf0) === 0x40;
      if (isChannelData) {
        const length = 4 + ((bytes.readUInt16BE(2) + 3) & ~3);
        if (stream.length < length) return;
        stream.consume(length);
        continue;
      }
      if (stream.length < stunHeaderBytes + framePrefix) return;
      const prefix = recogniseAt(bytes, 0) === 'yes' ? 0 : framePrefix;
      const length = prefix === 0 ? stunLength(bytes) : bytes.readUInt16BE(0);
      if (stream.length < prefix + length) return;
      const body = bytes.subarray(prefix, prefix + length);
      if (stunLength(body) !== 0) {
        const last = prefix + length - 1;
        emit(stunMessage(body, this.#session.originAt(sender, last), this.#session));
      }
      stream.consume(prefix + length);
    }
  }

  /** The next packet most likely begins the next message. */
  gap(sender: Sender): void {
    this.#session.counters.add('stun', 'gap');
    this.#session[sender].clear();
  }

  end(): void {
    for (const stream of [this.#session.source, this.#session.destination]) stream.clear();
  }
}
