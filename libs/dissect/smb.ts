import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed } from './named-value.ts';
import { ntlmLogin } from './ntlm.ts';
import type { Recognition } from './protocol.ts';

/** SMB 1 to 3 ([MS-SMB2], section 2.1) over TCP: sessions set up with NTLM, and the readable parts of files and calls. */
export const smb = framedProtocol('smb', recogniseSmb, () => new SmbReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'SMB' };
const encrypted: Encryption = { verdict: 'encrypted', reason: 'SMB 3 encryption' };

/** A zero and a three-byte length, then the signature: `FF` is version 1, `FE` 2 and 3, `FD` encrypted, `FC` compressed. */
const prefix = 4;
const signature = Buffer.from('SMB');
const VERSION_1 = 0xff;
const ENCRYPTED = 0xfd;
const COMPRESSED = 0xfc;
/**
 * Commands that set up a session, or by which a call through a named pipe may authenticate again: at offset 4 of a version 1 message, at 12 of later
 * ones.
 */
const [SESSION_SETUP_1, TRANSACTION_1, WRITE_1] = [0x73, 0x25, 0x2f];
const [SESSION_SETUP_2, WRITE_2, IOCTL_2] = [1, 9, 11];
/** Longest message of a call that authenticates; writes to files are longer. */
const longestCall = 4096;

function recogniseSmb(bytes: Buffer): Recognition {
  if (bytes[0] !== 0) return 'no';
  if (bytes.length < prefix + 4) return bytes.length > prefix && bytes[prefix]! < 0xfc ? 'no' : 'more';
  return isSmb(bytes) ? 'yes' : 'no';
}

function isSmb(bytes: Buffer): boolean {
  return bytes[0] === 0 && bytes[prefix]! >= 0xfc && bytes.compare(signature, 0, 3, prefix + 1, prefix + 4) === 0;
}

class SmbReader implements FrameReader {
  readonly encryption = cleartext;
  #begun = false;
  #encrypted = false;

  lengthOf(bytes: Buffer): number {
    if (bytes.length < prefix) return 0;
    // NetBIOS opens and keeps alive a session with packets of its own (RFC 1002, section 4.3).
    if (bytes[0] !== 0) return bytes[0]! >= 0x81 && bytes[0]! <= 0x85 ? prefix + bytes.readUInt16BE(2) : -1;
    if (bytes.length < prefix + 4) return 0;
    return isSmb(bytes) ? prefix + bytes.readUIntBE(1, 3) : -1;
  }

  /** Only authentication identifies anybody. */
  skips(bytes: Buffer): boolean {
    if (!this.#begun || bytes[0] !== 0 || bytes.length < prefix + 14) return false;
    const first = bytes[prefix];
    if (first === ENCRYPTED) return this.#encrypted;
    const command = first === VERSION_1 ? bytes[prefix + 4]! : bytes.readUInt16LE(prefix + 12);
    if (command === (first === VERSION_1 ? SESSION_SETUP_1 : SESSION_SETUP_2)) return false;
    const isCall = first === VERSION_1 ? command === TRANSACTION_1 || command === WRITE_1 : command === WRITE_2 || command === IOCTL_2;
    return !isCall || bytes.readUIntBE(1, 3) > longestCall;
  }

  content(bytes: Buffer): Buffer | null {
    return bytes[0] !== 0 || bytes[prefix] === ENCRYPTED || bytes[prefix] === COMPRESSED ? null : bytes.subarray(prefix + 4);
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const isEncrypted = bytes[prefix] === ENCRYPTED;
    const names = isEncrypted ? [] : ntlmLogin(bytes);
    if (this.#begun && names.length === 0 && (!isEncrypted || this.#encrypted)) return null;
    this.#begun = true;
    this.#encrypted ||= isEncrypted;
    const message = createMessage('smb', isEncrypted ? encrypted : cleartext, context);
    addNamed(message, names, context);
    return message;
  }
}
