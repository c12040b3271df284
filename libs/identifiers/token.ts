import { HmacSha256 } from '#flow';
import { keptText } from './kept-text.ts';

export interface Tokeniser {
  /** 8 hexadecimal digits that distinguish keys and reveal nothing about them. */
  readonly keyId: string;
  /**
   * `tk1.<key id>.<base64url of the first 16 bytes of HMAC-SHA-256(key, value)>`.
   *
   * Equal values have equal tokens under one key, so that they can be counted and joined. Without the key, a token cannot be traced back to its
   * value, not even by brute force. Pass the normalised value.
   */
  token(value: string): string;
}

const leastKeyBytes = 16;
const tagBytes = 16;
/** Tokens of recent values: a session repeats its identifiers in message after message. */
const mostKnown = 4096;

/** @throws RangeError if the key has fewer than 16 bytes. */
export function createTokeniser(key: Uint8Array): Tokeniser {
  if (key.length < leastKeyBytes) throw new RangeError(`the token key has ${key.length} bytes, and needs at least ${leastKeyBytes}`);
  const hmac = new HmacSha256(key);
  const keyId = hmac.tag('telltale token key id').toString('hex', 0, 4);
  const start = `tk1.${keyId}.`;
  const known = new Map<string, string>();
  return {
    keyId,
    token(value) {
      let token = known.get(value);
      if (token === undefined) {
        if (known.size >= mostKnown) known.clear();
        known.set(keptText(value), (token = start + hmac.tag(value).toString('base64url', 0, tagBytes)));
      }
      return token;
    },
  };
}
