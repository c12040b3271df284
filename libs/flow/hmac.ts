import { hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;

/**
 * HMAC-SHA-256 (RFC 2104) for short messages, by two calls of the platform's hash: its own `createHmac` makes a key object and a
 * stream for each message, which costs ten times what the hashing does.
 */
export class HmacSha256 {
  /** The padded key, and the message behind it. */
  #inner = Buffer.alloc(4 * blockBytes);
  /** The padded key, and the inner digest behind it. */
  readonly #outer = Buffer.alloc(blockBytes + digestBytes);

  constructor(key: Uint8Array) {
    const short = key.length > blockBytes ? hash('sha256', key, 'buffer') : key;
    for (let i = 0; i < blockBytes; i++) {
      const byte = short[i] ?? 0;
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    }
  }

  /** The 32 bytes of the tag of `message`, text as UTF-8. */
  tag(message: Uint8Array | string): Buffer {
    const room = blockBytes + 3 * message.length;
    if (room > this.#inner.length) this.#inner = Buffer.concat([this.#inner.subarray(0, blockBytes)], room);
    const length = typeof message === 'string' ? this.#inner.write(message, blockBytes) : message.length;
    if (typeof message !== 'string') this.#inner.set(message, blockBytes);
    const inner = hash('sha256', this.#inner.subarray(0, blockBytes + length), 'buffer');
    this.#outer.set(inner, blockBytes);
    return hash('sha256', this.#outer, 'buffer');
  }
}
