import { CaptureBuilder } from '#capture';
import { opaque, zoomHello } from '../../../services/probe/demonstration-traffic.ts';
import { alice, bela, deniedCountry, second, start, type Told } from '../case.ts';

const relay = { ip: '221.122.63.10', port: 8801 }; // mainland range in Zoom's published list
const [aliceSpeaks, belaSpeaks] = [0x1b2c3d4e, 0x6f708192];

/** Zoom's SFU header (type 5), the medium (15 is audio), and at offset 19 behind it RTP (nDPI, zoom.c). */
function audio(direction: 'toZoom' | 'fromZoom', ssrc: number, sequence: number): Buffer {
  const rtp = Buffer.from([0x80, 112, 0, sequence, 0, 0, 0, 0, 0, 0, 0, 0]);
  rtp.writeUInt32BE(sequence * 640, 4);
  rtp.writeUInt32BE(ssrc, 8);
  return Buffer.concat([
    Buffer.from([5, 0, sequence, 0, 0, 0, 0, direction === 'toZoom' ? 0 : 4]),
    Buffer.from([15]),
    Buffer.alloc(18),
    rtp,
    opaque(`audio ${ssrc} ${sequence}`, 100),
  ]);
}

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  // The relay forwards a stream as it is: what Alice says has the same SSRC where Bela receives it.
  for (const [i, [ip, own, other]] of ([[alice, aliceSpeaks, belaSpeaks], [bela, belaSpeaks, aliceSpeaks]] as const).entries()) {
    const media = builder.udp({ client: { ip, port: 52_100 + i }, server: relay, at: start + i * second }).send(zoomHello(1)).receive(zoomHello(2));
    for (let packet = 1; packet <= 8; packet++) media.send(audio('toZoom', own, packet)).receive(audio('fromZoom', other, packet));
  }
  return builder.pcap();
}

// Alice's packets are 1 to 18; Bela's first is 19.
export const story: readonly Told[] = [
  { rule: deniedCountry, frame: 1, from: alice, country: 'CN' },
  { rule: deniedCountry, frame: 19, from: bela, country: 'CN' },
];
