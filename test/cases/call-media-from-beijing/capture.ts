import { CaptureBuilder } from '#capture';
import { resolve, srtp } from '../../../services/probe/demonstration-traffic.ts';
import { alice, deniedCountry, second, start, type Told } from '../case.ts';

const server = { ip: '206.247.10.10', port: 5060 }; // AS30103, United States
const relay = { ip: '52.81.151.250', port: 52_000 }; // Beijing; in no range that the service publishes
const callId = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6';

/** A message that says where the sender receives media. People are anonymous (RFC 3323): this case is about places. */
function message(startLine: string, media: { ip: string; port: number }): Buffer {
  const sdp = [
    'v=0', `o=- 1 1 IN IP4 ${media.ip}`, 's=-', `c=IN IP4 ${media.ip}`, 't=0 0', `m=audio ${media.port} RTP/SAVP 0`, 'a=rtcp-mux', '',
  ].join('\r\n');
  return Buffer.from([
    startLine, `Via: SIP/2.0/UDP ${alice}:5060;branch=z9hG4bK776asdhds`, 'From: <sip:anonymous@anonymous.invalid>;tag=1928301774',
    'To: <sip:anonymous@anonymous.invalid>',
    `Call-ID: ${callId}`, 'CSeq: 314159 INVITE', 'Content-Type: application/sdp', `Content-Length: ${sdp.length}`, '', sdp,
  ].join('\r\n'));
}

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  resolve(builder, alice, 'sip7.zoom.us', server.ip, start);
  builder.udp({ client: { ip: alice, port: 5060 }, server, at: start + second })
    .send(message('INVITE sip:sip7.zoom.us SIP/2.0', { ip: alice, port: 41_000 })).receive(message('SIP/2.0 200 OK', relay));
  const media = builder.udp({ client: { ip: alice, port: 41_000 }, server: relay, at: start + 2 * second });
  for (let packet = 0; packet < 12; packet++) media.send(srtp(packet)).receive(srtp(packet + 1000));
  return builder.pcap();
}

// DNS 1 and 2; the answer of 4 names the relay as a hop of the signalling, and the first packet of media goes to it.
export const story: readonly Told[] = [
  { rule: 'Private address disclosed in STUN, SIP or SDP', frame: 3, from: alice, country: 'US' },
  { rule: deniedCountry, frame: 4, from: alice, country: 'US' },
  { rule: deniedCountry, frame: 5, from: alice, country: 'CN' },
];
