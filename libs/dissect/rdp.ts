import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { userName } from './login.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed } from './named-value.ts';
import type { Recognition } from './protocol.ts';

/** The connection request of RDP ([MS-RDPBCGR], section 2.2.1.1): a cookie contains the user name before anything is encrypted. */
export const rdp = framedProtocol('rdp', recogniseRdp, () => new RdpReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'RDP connection request' };

/** TPKT: version 3, a zero, the length; then X.224: its length, and the packet type. */
const header = 7;
const REQUEST = 0xe0;
const CONFIRM = 0xd0;

function recogniseRdp(bytes: Buffer): Recognition {
  if (bytes[0] !== 3 || (bytes.length > 1 && bytes[1] !== 0)) return 'no';
  if (bytes.length < header) return 'more';
  return bytes[5] === REQUEST && bytes.readUInt16BE(2) === bytes[4]! + 5 ? 'yes' : 'no';
}

class RdpReader implements FrameReader {
  lengthOf(bytes: Buffer): number {
    if (bytes[0] !== 3) return -1;
    if (bytes.length < header) return 0;
    const length = bytes.readUInt16BE(2);
    return length >= header ? length : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    // The confirmation is followed by TLS, or by RDP's own older encryption.
    if (bytes[5] === CONFIRM) context.restart();
    else if (bytes[5] !== REQUEST) context.finish();
    if (bytes[5] !== REQUEST) return null;
    const message = createMessage('rdp', cleartext, context);
    const cookie = /Cookie: mstshash=([^\r\n]{1,256})\r\n/.exec(bytes.toString('latin1', header));
    if (cookie !== null) addNamed(message, [userName(cookie[1]!.trim())], context);
    return message;
  }
}
