import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { visitProtobuf } from './protobuf.ts';
import type { DatagramProtocol } from './protocol.ts';

/**
 * The discovery of Steam's Remote Play (https://codingrange.com/blog/steam-in-home-streaming-discovery-protocol): each copy of the client tells its
 * network which accounts are on it, and what the machine is called.
 */
export const steam: DatagramProtocol = {
  name: 'steam',
  recognise: (payload) => payload[0] === signature[0] && payload.length > headerAt
    && payload.compare(signature, 0, signature.length, 0, signature.length) === 0 && bodyOf(payload) !== null,
  read(payload, { sender, frame, micros }, options, counters): Message {
    const message = createMessage('steam', cleartext, sender, frame, micros);
    const fields = new FieldList('steam', sender, message.fields, options, counters);
    const { type, body } = bodyOf(payload)!;
    const isSound = visitProtobuf(body, (field, value) => {
      const text = value.toString('utf8');
      if (type === STATUS && field === HOST_NAME) fields.add('steam.host_name', 'steam_host_name', text, '', frame);
      if (type === STATUS && field === MAC_ADDRESS) fields.add('steam.mac', 'device_mac', text, '', frame);
      if (type === STATUS && field === USER) {
        visitProtobuf(value, () => {}, (inner, id) => {
          if (inner === STEAM_ID && isPerson(id)) fields.add('steam.user.steam_id', 'steam_id', id.toString(), 'u64le', frame);
        });
      }
      if (type === AUTHORIZATION_REQUEST && field === DEVICE_NAME) fields.add('steam.device_name', 'steam_host_name', text, '', frame);
    });
    if (!isSound) counters.add('steam', 'malformed body');
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'Steam discovery' };

const signature = Buffer.from('ffffffff214c5fa0', 'hex');
/** Behind the signature and the length of the header, which is little-endian, as that of the body is. */
const headerAt = 12;
const [STATUS, AUTHORIZATION_REQUEST] = [1, 3];
/** Fields of a header; of CMsgRemoteClientBroadcastStatus, and of a user in it; of CMsgRemoteDeviceAuthorizationRequest. */
const TYPE = 2;
const [HOST_NAME, USER, MAC_ADDRESS] = [4, 9, 15];
const STEAM_ID = 1;
const DEVICE_NAME = 2;

/** An account of a person: universe 1, type 1, instance 1 (https://developer.valvesoftware.com/wiki/SteamID). */
const isPerson = (id: bigint): boolean => id >> 32n === 0x01100001n;

/** Header and body stand behind their lengths; null when they do not fit. */
function bodyOf(payload: Buffer): { type: number; body: Buffer } | null {
  const bodyAt = headerAt + payload.readUInt32LE(headerAt - 4) + 4;
  if (bodyAt > payload.length || bodyAt + payload.readUInt32LE(bodyAt - 4) > payload.length) return null;
  return { type: typeOf(payload.subarray(headerAt, bodyAt - 4)), body: payload.subarray(bodyAt, bodyAt + payload.readUInt32LE(bodyAt - 4)) };
}

/** The type is a small integer behind the client's id: a byte behind its tag. */
function typeOf(header: Buffer): number {
  let at = 0;
  while (at + 1 < header.length) {
    const tag = header[at++]!;
    if (tag === TYPE << 3) return header[at]!;
    if ((tag & 7) === 1) at += 8;
    else if ((tag & 7) === 0) while (header[at++]! >= 0x80);
    else return -1;
  }
  return -1;
}
