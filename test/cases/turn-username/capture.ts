import { CaptureBuilder, stunMessage } from '#capture';
import { opaque } from '../../../services/probe/demonstration-traffic.ts';
import { alice, bela, second, start, userInClear, type Told } from '../case.ts';

const relay = { ip: '93.184.215.14', port: 3478 };
const user = '1789999999:4715028369520184077';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  const turn = opaque('turn', 12);
  const again = opaque('turn again', 12);
  builder.udp({ client: { ip: alice, port: 55_001 }, server: relay, at: start })
    .send(stunMessage('allocateRequest', turn, [{ type: 'requestedTransport', value: Buffer.from([17, 0, 0, 0]) }]))
    .receive(stunMessage('allocateError', turn, [
      { type: 'errorCode', value: Buffer.concat([Buffer.from([0, 0, 4, 1]), Buffer.from('Unauthorized')]) },
      { type: 'realm', value: 'voice.example.org' }, { type: 'nonce', value: 'b7f2c9d1e0' },
    ]))
    .send(stunMessage('allocateRequest', again, [
      { type: 'requestedTransport', value: Buffer.from([17, 0, 0, 0]) }, { type: 'username', value: user },
      { type: 'realm', value: 'voice.example.org' }, { type: 'nonce', value: 'b7f2c9d1e0' },
    ]))
    .receive(stunMessage('allocateSuccess', again, [{ type: 'xorRelayedAddress', value: { ip: '93.184.215.15', port: 50_000 } }]));
  const ice = opaque('ice', 12);
  builder.udp({ client: { ip: bela, port: 55_002 }, server: relay, at: start + second })
    .send(stunMessage('bindingRequest', ice, [{ type: 'username', value: 'a8Fd:k2Lq' }]))
    .receive(stunMessage('bindingSuccess', ice, [{ type: 'xorMappedAddress', value: { ip: '198.51.100.7', port: 55_002 } }]));
  return builder.pcap();
}

export const story: readonly Told[] = [
  { rule: userInClear, frame: 3, from: alice, country: 'US', identifier: { kind: 'turn_username', value: user, path: 'stun.username' } },
];
