import { CaptureBuilder } from '#capture';
import { opaque } from '../../../services/probe/demonstration-traffic.ts';
import { alice, linked, roomInClear, start, userInClear, type Told } from '../case.ts';

/** `seq=1 pad=` and 600 letters push the ids into the second of two fragments. */
const payload = Buffer.from(
  `seq=1 pad=${opaque('pad', 450)
    .toString('base64')
    .replaceAll(/[^a-z]/gi, 'x')
    .slice(0, 600)} uid=1840273651&room_id=M5kqPz7XvQ2d`,
);

export function capture(): Buffer {
  const builder = new CaptureBuilder({ link: 'raw', mtu: 576 });
  builder.udp({ client: { ip: alice, port: 50_000 }, server: { ip: '93.184.215.14', port: 9000 }, at: start }).send(payload);
  return builder.pcapng({ littleEndian: false, nanoseconds: true });
}

// "seq=1 pad=" 10, pad 600, " uid=" 5, user id 10, "&room_id=" 9. Two fragments, the second completes the datagram.
const whole = { frame: 2, from: alice, country: 'US' };
const user = { kind: 'user_id', value: '1840273651', path: 'udp.payload@615' };
export const story: readonly Told[] = [
  { rule: userInClear, ...whole, identifier: user },
  { rule: roomInClear, ...whole, identifier: { kind: 'room_id', value: 'M5kqPz7XvQ2d', path: 'udp.payload@634' } },
  { rule: linked, ...whole, identifier: user },
];
