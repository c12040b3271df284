import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed } from './named-value.ts';
import { ntlmLogin } from './ntlm.ts';
import type { Recognition } from './protocol.ts';

/**
 * DCE/RPC over TCP (C706, chapter 12; [MS-RPCE]): binds with NTLM, as by Outlook and Windows' own services, and the arguments of calls that are
 * not sealed.
 */
export const dceRpc = framedProtocol('dcerpc', recogniseDceRpc, () => new DceRpcReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'DCE/RPC' };

const header = 16;
/** Types: request, response, fault, bind, bind_ack, bind_nak, alter_context and its response, auth3. */
const types = new Set([0, 2, 3, 11, 12, 13, 14, 15, 16]);
const [REQUEST, RESPONSE] = [0, 2];
const ALTER_CONTEXT = 14;
const AUTH3 = 16;
/** Header of a call. The call is followed by an 8-byte authentication trailer and as many bytes as the header says ([MS-RPCE], section 2.2.2.11). */
const callHeader = 24;
const trailer = 8;
const PRIVACY = 6;

function recogniseDceRpc(bytes: Buffer): Recognition {
  if (bytes[0] !== 5 || (bytes.length > 1 && bytes[1]! > 1) || (bytes.length > 2 && !types.has(bytes[2]!))) return 'no';
  if (bytes.length < header) return 'more';
  return lengthOf(bytes) > 0 ? 'yes' : 'no';
}

/** The header's fifth byte gives the byte order of its integers; the next three concern characters and floats. */
function lengthOf(bytes: Buffer): number {
  const order = bytes[4]!;
  if ((order !== 0x10 && order !== 0) || bytes[6] !== 0 || bytes[7] !== 0) return -1;
  const length = order === 0x10 ? bytes.readUInt16LE(8) : bytes.readUInt16BE(8);
  return length >= header ? length : -1;
}

class DceRpcReader implements FrameReader {
  readonly encryption = cleartext;
  #begun = false;

  lengthOf(bytes: Buffer): number {
    if (bytes[0] !== 5) return -1;
    return bytes.length < header ? 0 : lengthOf(bytes);
  }

  skips(bytes: Buffer): boolean {
    return this.#begun && bytes[2] !== AUTH3 && bytes[2] !== ALTER_CONTEXT;
  }

  content(bytes: Buffer): Buffer | null {
    if (bytes[2] !== REQUEST && bytes[2] !== RESPONSE) return null;
    const verifier = bytes[4] === 0x10 ? bytes.readUInt16LE(10) : bytes.readUInt16BE(10);
    if (verifier === 0) return bytes.subarray(callHeader);
    const end = bytes.length - verifier - trailer;
    return end <= callHeader || bytes[end + 1] === PRIVACY ? null : bytes.subarray(callHeader, end);
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const names = ntlmLogin(bytes);
    if (this.#begun && names.length === 0) return null;
    this.#begun = true;
    const message = createMessage('dcerpc', cleartext, context);
    addNamed(message, names, context);
    return message;
  }
}
