import { hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;

/** The input of the inner hash; shared by all keys. */
let scratch = Buffer.alloc(4 * blockBytes);
const outerMessage = Buffer.alloc(blockBytes + digestBytes);

/**
 * HMAC-SHA-256 (RFC 2104) for short messages, by two calls of the platform's `hash`: `createHmac` makes a key object and a stream for each
 * message, which costs ten times as much as the hashing. (`hash` is asked for text, since it takes three times as long to return a buffer.)
 */
export class HmacSha256 {
  /** The padded key, in the forms that precede the message and the inner digest. */
  readonly #inner = Buffer.allocUnsafe(blockBytes);
  readonly #outer = Buffer.allocUnsafe(blockBytes);

  constructor(key: Uint8Array) {
    const short = key.length > blockBytes ? hash('sha256', key, 'buffer') : key;
    for (let i = 0; i < blockBytes; i++) {
      const byte = i < short.length ? short[i]! : 0;
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    }
  }

  /** The tag of `message`, 32 bytes; text is hashed as UTF-8. */
  tag(message: Uint8Array | string): Buffer {
    const room = blockBytes + 3 * message.length;
    if (room > scratch.length) scratch = Buffer.alloc(room);
    scratch.set(this.#inner);
    const length = typeof message === 'string' ? scratch.write(message, blockBytes) : message.length;
    if (typeof message !== 'string') scratch.set(message, blockBytes);
    outerMessage.set(this.#outer);
    outerMessage.write(hash('sha256', scratch.subarray(0, blockBytes + length), 'binary'), blockBytes, 'latin1');
    return Buffer.from(hash('sha256', outerMessage, 'binary'), 'latin1');
  }
}
