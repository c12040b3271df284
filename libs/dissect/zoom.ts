import type { DatagramFlow } from './datagram-flow.ts';
import { FieldList } from './fieldlist.ts';
import { HopList } from './hops.ts';
import type { Carrier } from './media.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DatagramContext } from './protocol.ts';

/**
 * Zoom over UDP, as seen in nDPI's zoom.c, Michel et al. ("Enabling Passive Measurement of Zoom Performance in Production Networks", IMC 2022) and
 * captures. On a port of its servers (8801 to 8810), each datagram begins with a type: 1 and 2 open a session, 3 and 4 keep it alive, 5 carries
 * media after a header of 8 bytes: type, sequence (2 bytes), 4 bytes, direction. The next byte is the kind of medium, which determines the offset of
 * RTP or RTCP. Between two clients the 8-byte header is omitted; their first datagram begins `1F 02 01`.
 */
const [firstPort, lastPort] = [8801, 8810];

const media: Encryption = { verdict: 'encrypted', reason: 'Zoom media' };
const control: Encryption = { verdict: 'opaque', reason: 'Zoom control' };
const hello: Encryption = { verdict: 'cleartext', reason: 'Zoom peer-to-peer hello' };

const OPEN = 1;
const OPENED = 2;
const KEEP = 3;
const KEPT = 4;
const MEDIA = 5;
const mediaHeader = 8;

/** Offset of RTP or RTCP from the medium byte. */
const innerOffsets: Record<number, { readonly offset: number; readonly medium: string } | undefined> = {
  13: { offset: 27, medium: 'screen' },
  15: { offset: 19, medium: 'audio' },
  16: { offset: 24, medium: 'video' },
  30: { offset: 20, medium: 'screen' },
  33: { offset: 16, medium: 'rtcp' },
  34: { offset: 16, medium: 'rtcp' },
  35: { offset: 16, medium: 'rtcp' },
};
const carriers = new Map<string, Carrier>(
  ['screen', 'audio', 'video', 'rtcp'].map((medium) => [medium, { protocol: 'zoom', encryption: media, path: 'zoom.rtp', medium }]),
);

const peerHeader = 24;
const addressText = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f]{0,4}(?::[\da-f.]{0,15}){2,7})$/i;

/** Is it Zoom traffic between client and server? The type, and what follows it, must fit the port. */
export function isZoom(payload: Buffer, { sourcePort, destinationPort }: DatagramContext): boolean {
  const isServer = (sourcePort >= firstPort && sourcePort <= lastPort) || (destinationPort >= firstPort && destinationPort <= lastPort);
  if (!isServer || payload.length < mediaHeader) return false;
  switch (payload[0]) {
    case OPEN:
    case OPENED: return payload[1] === 0 && (payload[2] === 2 || payload[2] === 3) && payload.length >= 20;
    case KEEP:
    case KEPT: return payload.length === 13;
    case MEDIA: return payload.length > mediaHeader;
    default: return false;
  }
}

/** The first datagram between clients. */
export function isZoomPeerHello(payload: Buffer): boolean {
  return payload.length > peerHeader + 8 && payload[0] === 0x1f && payload[1] === 0x02 && payload[2] === 0x01 && readTexts(payload).address !== '';
}

/** The message of a datagram to or from a server, or null if it contains nothing new. */
export function zoomMessage(payload: Buffer, context: DatagramContext, flow: DatagramFlow): Message | null {
  if (payload[0] === MEDIA && hasMedium(payload, mediaHeader)) return mediaMessage(payload, mediaHeader, context, flow);
  flow.counters.add('zoom', 'messages');
  const message = createMessage('zoom', control, context);
  // Names in control messages are in clear; keep-alives consist of numbers.
  if (payload[0] === MEDIA && flow.mayScan(payload.length)) message.payload = payload.subarray(mediaHeader);
  return message;
}

/** Is it media between two clients? Only in a flow that began with their hello. */
export function isZoomPeerMedia(payload: Buffer, flow: DatagramFlow): boolean {
  return flow.isZoomPeer && hasMedium(payload, 0);
}

/** The message of media whose medium byte is at `at`, or null if it contains nothing new. */
export function mediaMessage(payload: Buffer, at: number, context: DatagramContext, flow: DatagramFlow): Message | null {
  const { offset, medium } = innerOffsets[payload[at]!]!;
  const packet = payload.subarray(at + offset);
  const carrier = carriers.get(medium)!;
  return medium === 'rtcp' ? flow.media.rtcp(packet, context, carrier) : flow.media.rtp(packet, context, carrier);
}

/** Is there a medium byte at `at`, with an RTP or RTCP header at its offset? */
function hasMedium(payload: Buffer, at: number): boolean {
  const start = at + (innerOffsets[payload[at]!]?.offset ?? Infinity);
  return start + 12 <= payload.length && payload[start]! >> 6 === 2;
}

/** The hello contains the address at which a peer can be reached, and the id of the session. */
export function zoomPeerHello(payload: Buffer, context: DatagramContext, flow: DatagramFlow): Message {
  flow.isZoomPeer = true;
  flow.counters.add('zoom', 'messages');
  const message = createMessage('zoom', hello, context);
  const fields = new FieldList(message, flow);
  const { address, id } = readTexts(payload);
  fields.add('zoom.peer.ip', '', address);
  fields.add('zoom.peer.session', '', id);
  const hops = new HopList();
  hops.addPerson('zoom-peer', address);
  message.facts['telltale.flow.hops'] = hops.texts;
  return message;
}

/** An address and a UUID as text, each with a length prefix of one, two or four bytes. */
function readTexts(payload: Buffer): { address: string; id: string } {
  for (const width of [1, 2, 4]) {
    const address = textAt(payload, peerHeader, width);
    if (!addressText.test(address)) continue;
    return { address, id: textAt(payload, peerHeader + width + address.length, width) };
  }
  return { address: '', id: '' };
}

function textAt(payload: Buffer, position: number, width: number): string {
  if (position + width > payload.length) return '';
  const end = position + width + payload.readUIntBE(position, width);
  return end <= payload.length ? payload.toString('latin1', position + width, end) : '';
}
