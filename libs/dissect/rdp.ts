import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { userName } from './login.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition } from './protocol.ts';

/**
 * The beginning of an RDP connection ([MS-RDPBCGR], section 1.3.1.1). The connection request has a cookie with the user name before anything is
 * encrypted. Where RDP's own older encryption follows instead of TLS, the MCS connect request that comes next is in clear too, with the client's name.
 */
export const rdp = framedProtocol('rdp', recogniseRdp, () => new RdpReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'RDP connection request' };
const connectCleartext: Encryption = { verdict: 'cleartext', reason: 'RDP client data' };

/** TPKT: version 3, a zero, the length; then X.224: its length, and the packet type. */
const header = 7;
const REQUEST = 0xe0;
const CONFIRM = 0xd0;
/** X.224 data, whole, in which an MCS connect request begins (T.125, section 7, part 2: application tag 101). */
const connectInitial = Buffer.from('02f0807f65', 'hex');
const connectHeader = 4 + connectInitial.length;
/** Key of the server for which the client's data blocks are meant, before their length. */
const clientBlocks = Buffer.from('Duca');
/** Type of the block CS_CORE (section 2.2.1.3.2), and places within it: the client's name, and the id of its installation. */
const CS_CORE = 0xc001;
const clientName = { start: 24, end: 56 };
const productId = { start: 146, end: 210 };

function recogniseRdp(bytes: Buffer): Recognition {
  if (bytes[0] !== 3 || (bytes.length > 1 && bytes[1] !== 0)) return 'no';
  if (bytes.length < header) return 'more';
  if (bytes[4] === connectInitial[0] && bytes[5] === connectInitial[1] && bytes.readUInt16BE(2) > connectHeader) {
    if (bytes.length < connectHeader) return connectInitial.subarray(0, bytes.length - 4).equals(bytes.subarray(4)) ? 'more' : 'no';
    return isConnectInitial(bytes) ? 'yes' : 'no';
  }
  return bytes[5] === REQUEST && bytes.readUInt16BE(2) === bytes[4]! + 5 ? 'yes' : 'no';
}

function isConnectInitial(bytes: Buffer): boolean {
  return bytes.length > connectHeader && bytes.subarray(4, connectHeader).equals(connectInitial);
}

class RdpReader implements FrameReader {
  lengthOf(bytes: Buffer): number {
    if (bytes[0] !== 3) return -1;
    if (bytes.length < header) return 0;
    const length = bytes.readUInt16BE(2);
    return length >= header ? length : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    if (isConnectInitial(bytes)) {
      // What follows is encrypted, or of unknown structure.
      context.restart();
      const message = createMessage('rdp', connectCleartext, context);
      addNamed(message, clientOf(bytes), context);
      return message;
    }
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

/** Name and id of the client in a connect request. */
function clientOf(bytes: Buffer): NamedValue[] {
  const key = bytes.indexOf(clientBlocks);
  let at = key + clientBlocks.length;
  // Their length takes two bytes from 128 on (X.691, section 10.9).
  at += key >= 0 && bytes[at]! >= 0x80 ? 2 : 1;
  while (key >= 0 && at + 4 <= bytes.length) {
    const length = bytes.readUInt16LE(at + 2);
    if (bytes.readUInt16LE(at) === CS_CORE) {
      const block = bytes.subarray(at, at + length);
      return [
        { name: 'client_name', key: 'netbios_name', value: textAt(block, clientName) },
        { name: 'client_product_id', key: 'rdp_client_product_id', value: textAt(block, productId) },
      ];
    }
    if (length < 4) break;
    at += length;
  }
  return [];
}

/** Text in UTF-16, up to a zero; empty if the block is too short to have it. */
function textAt(block: Buffer, { start, end }: { start: number; end: number }): string {
  return block.length < end ? '' : block.toString('utf16le', start, end).replace(/\0.*$/s, '').trim();
}
