import { CaptureBuilder } from '#capture';
import { opaque, prefixed, resolve } from '../../../services/probe/demonstration-traffic.ts';
import { agora, agoraName, bela, deniedCountry, linked, platformIdInClear, second, start, type Told } from '../case.ts';

const header = Buffer.from([0x00, 0x01, 0x00, 0x4a]);
/** u8 lengths; the values are text. */
const textual = Buffer.concat([header, prefixed('uid'), prefixed('1840991207'), prefixed('room_id'), prefixed('M5kqPz7XvQ2d')]);
/** u16 lengths; the user id is an integer. */
const binary = Buffer.concat([
  header,
  Buffer.from([0, 3]),
  Buffer.from('uid'),
  Buffer.from([0, 4]),
  Buffer.from('6dbb4be7', 'hex'),
  opaque('tail', 24),
]);

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  resolve(builder, bela, agoraName, agora.ip, start);
  builder.udp({ client: { ip: bela, port: 50_412 }, server: agora, at: start + second }).send(textual).receive(opaque('voice 1', 160));
  builder.udp({ client: { ip: bela, port: 50_413 }, server: agora, at: start + 2 * second }).send(binary).receive(opaque('voice 2', 160));
  return builder.pcap();
}

// Frames 1 and 2 are DNS, 3 and 5 the joins.
const first = { frame: 3, from: bela, country: 'CN' };
const second5 = { frame: 5, from: bela, country: 'CN' };
const user = { kind: 'user_id', value: '1840991207', path: 'udp.payload@9', encoding: 'length-prefixed' };
export const story: readonly Told[] = [
  { rule: platformIdInClear, ...first, identifier: user },
  { rule: platformIdInClear, ...first, identifier: { kind: 'room_id', value: 'M5kqPz7XvQ2d', path: 'udp.payload@28', encoding: 'length-prefixed' } },
  { rule: linked, ...first, identifier: user },
  { rule: deniedCountry, ...first },
  { rule: platformIdInClear, ...second5, identifier: { kind: 'user_id', value: '1840991207', path: 'udp.payload@11', encoding: 'u32be' } },
  { rule: deniedCountry, ...second5 },
];
