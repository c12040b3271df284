import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { visitProtobuf } from './protobuf.ts';
import type { DatagramProtocol } from './protocol.ts';

/**
 * Discovery in Steam's Remote Play (https://codingrange.com/blog/steam-in-home-streaming-discovery-protocol): each client announces on its network
 * which accounts it has, and the name of its machine.
 */
export const steam: DatagramProtocol = {
  name: 'steam',
  recognise: (payload) => payload[0] === signature[0] && payload.length > headerAt
    && payload.compare(signature, 0, signature.length, 0, signature.length) === 0 && bodyOf(payload) !== null,
  read(payload, context, environment): Message {
    const message = createMessage('steam', cleartext, context);
    const fields = new FieldList(message, environment);
    const { type, body } = bodyOf(payload)!;
    const isSound = visitProtobuf(body, {
      bytes(field, value) {
        const text = value.toString('utf8');
        if (type === AUTHORIZATION_REQUEST && field === DEVICE_NAME) fields.add('steam.device_name', 'steam_host_name', text);
        if (type !== STATUS) return;
        if (field === HOST_NAME) fields.add('steam.host_name', 'steam_host_name', text);
        else if (field === MAC_ADDRESS) fields.add('steam.mac', 'device_mac', text);
        else if (field === USER) addUser(fields, value);
      },
    });
    if (!isSound) environment.counters.add('steam', 'malformed body');
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'Steam discovery' };

const signature = Buffer.from('ffffffff214c5fa0', 'hex');
/** The header follows the signature and its own length, which, like that of the body, is little-endian. */
const headerAt = 12;
const [STATUS, AUTHORIZATION_REQUEST] = [1, 3];
/** Fields of a header; of CMsgRemoteClientBroadcastStatus, and of a user in it; of CMsgRemoteDeviceAuthorizationRequest. */
const TYPE = 2;
const [HOST_NAME, USER, MAC_ADDRESS] = [4, 9, 15];
const STEAM_ID = 1;
const DEVICE_NAME = 2;

/** A personal account: universe 1, type 1, instance 1 (https://developer.valvesoftware.com/wiki/SteamID). */
const isPerson = (id: bigint): boolean => id >> 32n === 0x01100001n;

/** Header and body are both length-prefixed; null if they do not fit. */
function bodyOf(payload: Buffer): { type: number; body: Buffer } | null {
  const bodyAt = headerAt + payload.readUInt32LE(headerAt - 4) + 4;
  if (bodyAt > payload.length || bodyAt + payload.readUInt32LE(bodyAt - 4) > payload.length) return null;
  return { type: typeOf(payload.subarray(headerAt, bodyAt - 4)), body: payload.subarray(bodyAt, bodyAt + payload.readUInt32LE(bodyAt - 4)) };
}

function typeOf(header: Buffer): number {
  let type = -1;
  visitProtobuf(header, {
    varint(field, value) {
      if (field === TYPE) type = value;
    },
  });
  return type;
}

function addUser(fields: FieldList, user: Buffer): void {
  visitProtobuf(user, {
    fixed64(field, id) {
      if (field === STEAM_ID && isPerson(id)) fields.add('steam.user.steam_id', 'steam_id', id.toString(), 'u64le');
    },
  });
}
