import { CaptureBuilder } from '#capture';
import { alice, start, userInClear, type Told } from '../case.ts';

export function capture(): Buffer {
  const register = [
    'REGISTER sip:voice.example.net SIP/2.0',
    `Via: SIP/2.0/UDP ${alice}:5060;branch=z9hG4bK74b43`,
    'From: <sip:jdoe77@voice.example.net>;tag=9fxced76sl',
    'To: <sip:jdoe77@voice.example.net>',
    'Call-ID: 1j9FpLxk3uxtm8tn@voice.example.net',
    'CSeq: 2 REGISTER',
    `Contact: <sip:jdoe77@${alice}:5060>`,
    'Authorization: Digest username="jdoe77", realm="voice.example.net", nonce="ea9c8e88df84f1cec4341ae6cbe5a359", '
      + 'uri="sip:voice.example.net", response="dfe56131d1958046689d83306477ecc5"',
    'Content-Length: 0', '', '',
  ];
  const builder = new CaptureBuilder();
  builder.udp({ client: { ip: alice, port: 5060 }, server: { ip: '93.184.215.14', port: 5060 }, at: start }).send(Buffer.from(register.join('\r\n')));
  return builder.pcap();
}

const where = { frame: 1, from: alice, country: 'US' };
export const story: readonly Told[] = [
  { rule: 'SIP login in clear', ...where, identifier: { kind: 'user_name', value: 'jdoe77', path: 'sip.login.user_name' } },
  { rule: userInClear, ...where, identifier: { kind: 'sip_uri', value: 'sip:jdoe77@voice.example.net', path: 'sip.from.uri' } },
  { rule: userInClear, ...where, identifier: { kind: 'sip_uri', value: `sip:jdoe77@${alice}`, path: 'sip.contact.uri' } },
  { rule: 'Private address disclosed in STUN, SIP or SDP', ...where },
];
