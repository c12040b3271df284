import { createCipheriv, createHmac } from 'node:crypto';

/** Bytes of a candidate's block, and of its filter output: one AES block. */
export const blockBytes = 16;
const tagBytes = 12;

/** Finds values of a list that is stored as keyed digests. Without the key, the output of neither function reveals anything about a value. */
export interface WatchKey {
  /** Id of the tokeniser's key: lists made with another key cannot match. */
  readonly keyId: string;
  /**
   * A keyed function of many 16-byte blocks at once (AES-128, each block separately). A call costs two microseconds plus 10 ns per block, while an
   * HMAC costs a microsecond: this decides which candidates are worth one.
   */
  filter(blocks: Buffer): Buffer;
  /** `base64url` of 12 bytes of HMAC-SHA-256: decides whether a candidate is on the list. */
  tag(spelling: string): string;
}

/** The keys are derived from the token key, so that neither can be inferred from tokens. */
export function createWatchKey(key: Uint8Array, keyId: string): WatchKey {
  const derived = (purpose: string): Buffer => createHmac('sha256', key).update(`telltale watchlist ${purpose}`).digest();
  const cipher = createCipheriv('aes-128-ecb', derived('filter').subarray(0, 16), null).setAutoPadding(false);
  const tagKey = derived('tag');
  return {
    keyId,
    filter: (blocks) => cipher.update(blocks),
    tag: (spelling) => createHmac('sha256', tagKey).update(spelling).digest().subarray(0, tagBytes).toString('base64url'),
  };
}

/**
 * Writes the block of a text between `start` and `end` to `at`: its length, its first characters, and two unkeyed hashes of all of it. ASCII letters
 * are lower-cased.
 */
export function writeTextBlock(blocks: Buffer, at: number, text: string, start: number, end: number): void {
  let one = 0x811c9dc5;
  let other = 0x9747b28c;
  for (let i = 1; i < 8; i++) blocks[at + i] = 0;
  blocks[at] = Math.min(255, end - start);
  for (let i = start; i < end; i++) {
    let code = text.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) code += 0x20;
    one = Math.imul(one ^ code, 0x01000193);
    other = Math.imul(other ^ code, 0x5bd1e995);
    if (i - start < 6) blocks[at + 2 + i - start] = code;
  }
  for (let i = 0; i < 4; i++) {
    blocks[at + 8 + i] = one >>> (8 * i);
    blocks[at + 12 + i] = other >>> (8 * i);
  }
}

/** Like {@link writeTextBlock}, for bytes: their length and the first 14. */
export function writeBytesBlock(blocks: Buffer, at: number, bytes: Uint8Array, start: number, length: number): void {
  blocks[at] = length;
  blocks[at + 1] = 1;
  const kept = Math.min(length, blockBytes - 2);
  for (let i = 0; i < kept; i++) blocks[at + 2 + i] = bytes[start + i]!;
  for (let i = kept; i < blockBytes - 2; i++) blocks[at + 2 + i] = 0;
}

/** Input of {@link WatchKey.tag}. */
export function textSpelling(text: string): string {
  return `t:${text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())}`;
}

export function bytesSpelling(bytes: Buffer): string {
  return `b:${bytes.toString('hex')}`;
}
