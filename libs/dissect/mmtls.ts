import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { Recognition } from './protocol.ts';

/**
 * MMTLS, WeChat's own transport encryption: records like those of TLS, with version 0xF103 or 0xF104 (Citizen Lab, "Should We Chat, Too?",
 * 2024). It is derived from TLS 1.3 but is not TLS; no claim is made about how well it protects.
 */
export const mmtls = framedProtocol('mmtls', recogniseMmtls, () => new MmtlsReader());

const opaque: Encryption = { verdict: 'opaque', reason: 'MMTLS' };

const recordHeader = 5;
/** Alert, handshake, application data, early handshake. */
const types = new Set([0x15, 0x16, 0x17, 0x19]);

function recogniseMmtls(bytes: Buffer): Recognition {
  if (!types.has(bytes[0]!) || (bytes.length > 1 && bytes[1] !== 0xf1) || (bytes.length > 2 && bytes[2] !== 3 && bytes[2] !== 4)) return 'no';
  return bytes.length < recordHeader ? 'more' : 'yes';
}

class MmtlsReader implements FrameReader {
  #told = false;

  lengthOf(bytes: Buffer): number {
    if (bytes.length < recordHeader) return 0;
    return recogniseMmtls(bytes) === 'yes' ? recordHeader + bytes.readUInt16BE(3) : -1;
  }

  /** Reported once per flow. */
  read(_bytes: Buffer, context: FrameContext): Message | null {
    if (this.#told) return null;
    this.#told = true;
    return createMessage('mmtls', opaque, context);
  }
}
