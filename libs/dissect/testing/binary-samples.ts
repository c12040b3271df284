import { tlsClientHello } from '#capture';
import { bytes, hex, prefixed, u16, u32, u8 } from './bytes.ts';
import type { Packet } from './packets.ts';
import { cryptoFrame, rfcConnection, rfcHello, sealInitial } from './quic-samples.ts';

const text = (value: string): Buffer => prefixed(u16, value);

/** An MQTT control packet of less than 128 bytes. */
export function mqttPacket(first: number, ...parts: (Buffer | string)[]): Buffer {
  return bytes(u8(first), prefixed(u8, ...parts));
}

export const mqttConnect = mqttPacket(
  0x10,
  text('MQTT'),
  hex('04 c6 003c'),
  text('P47775ID170W2121'),
  text('last/will'),
  text('gone'),
  text('dev-7'),
  text('s3same'),
);
export const mqttConnect5 = mqttPacket(0x10, text('MQTT'), hex('05 c2 003c 05 1100000e10'), text('client-77'), text('jane'), text('s3same'));

/** An AJP string: length, text, zero. */
const ajpText = (value: string): Buffer => bytes(text(value), '\0');

export const ajpRequest = bytes(
  hex('1234'),
  prefixed(
    u16,
    hex('0204'),
    ajpText('HTTP/1.1'),
    ajpText('/shop/cart'),
    ajpText('192.0.2.9'),
    hex('ffff'),
    ajpText('shop.example'),
    hex('0050 00 0004'),
    hex('a00e'),
    ajpText('curl/8'),
    hex('a009'),
    ajpText('JSESSIONID=0853907D8E324776A74C2A50A32664E2.7; lang=en'),
    hex('a008'),
    ajpText('11'),
    ajpText('X-User-Id'),
    ajpText('4711'),
    hex('05'),
    ajpText('uid=42&x=1'),
    hex('03'),
    ajpText('jane'),
    hex('0a'),
    ajpText('AJP_REMOTE_PORT'),
    ajpText('5000'),
    hex('ff'),
  ),
);
export const ajpBody = bytes(hex('1234'), prefixed(u16, text('room_id=R77')));
export const ajpResponse = bytes(hex('4142'), prefixed(u16, hex('04 00c8'), ajpText('OK'), hex('0001 a007'), ajpText('SID=8cd5c53b77aa; Path=/')));

/** A frame of Xiaomi's push service with a command and, as Protocol Buffers strings, fields of its payload. */
export function mipushFrame(command: string, fields: Record<number, string>): Buffer {
  const header = bytes(hex('0800 1a0a'), 'xiaomi.com', hex('2a'), prefixed(u8, command), hex('4800'));
  const payload = bytes(hex('086a'), ...Object.entries(fields).map(([field, value]) => bytes(u8(Number(field) * 8 + 2), prefixed(u8, value))));
  return bytes(hex('c2fe0005'), prefixed(u32, hex('0002'), u16(header.length), u32(payload.length), header, payload), hex('01020304'));
}

export const mipushDevice = 'd-3B90E1C7A52F684D0B7E19A3C8F5246D9E07B1A4';
export const mipushConn = mipushFrame('CONN', { 2: 'Redmi Note 9S', 3: 'V12.5.2.0', 4: mipushDevice, 6: 'mobile-lte', 8: 'ar_EG' });

/** An information element of GTPv1 that has a length field, and one of GTPv2. */
const element1 = (type: number, value: Buffer): Buffer => bytes(u8(type), prefixed(u16, value));
const element2 = (type: number, value: Buffer): Buffer => bytes(u8(type), u16(value.length), u8(0), value);

/** Create PDP Context Request with IMSI, recovery, MSISDN, IMEISV; and Create Session Request with IMSI, MSISDN, MEI. */
export const gtp1 = bytes(hex('32 10'), prefixed((length) => u16(length - 4), hex('00000000 0001 00 00'), hex('02 62021132547698f0 0e 07'),
  element1(134, hex('91 945103254769f8')), element1(154, hex('5302990071168432'))));
export const gtp2 = bytes(
  hex('48 20'),
  prefixed(
    u16,
    hex('00000000 000001 00'),
    element2(1, hex('62021132547698f0')),
    element2(76, hex('945103254769f8')),
    element2(75, hex('5302990071168432')),
    element2(87, hex('86355292040a650002')),
  ),
);

/** A Diameter attribute, padded to four bytes. */
export function avp(code: number, ...value: (Buffer | string)[]): Buffer {
  const body = bytes(...value);
  return bytes(u32(code), hex('40'), u32(8 + body.length).subarray(1), body, Buffer.alloc((4 - (body.length % 4)) % 4));
}

/** A 3GPP attribute. */
export function avp3gpp(code: number, ...value: (Buffer | string)[]): Buffer {
  const body = bytes(...value);
  return bytes(u32(code), hex('c0'), u32(12 + body.length).subarray(1), u32(10415), body, Buffer.alloc((4 - (body.length % 4)) % 4));
}

export function diameterMessage(command: number, ...avps: Buffer[]): Buffer {
  const body = bytes(...avps);
  return bytes(hex('01'), u32(20 + body.length).subarray(1), hex('c0'), u32(command).subarray(1), u32(4), u32(1), u32(2), body);
}

export const creditControl = diameterMessage(272, avp(263, 'gw.example;18764;5237;app'), avp(1, 'jane@example.org'),
  avp(443, avp(444, '491711234567'), avp(450, u32(0))), avp(443, avp(450, u32(1)), avp(444, '262011234567890')),
  avp(458, avp(459, u32(0)), avp(460, '3520990017614823')), avp3gpp(873, avp3gpp(874, avp3gpp(1, '262011234567890'))));

/** A RADIUS attribute. */
export function radiusAttribute(type: number, ...value: (Buffer | string)[]): Buffer {
  const body = bytes(...value);
  return bytes(u8(type), u8(2 + body.length), body);
}

export function radiusPacket(code: number, ...attributes: Buffer[]): Buffer {
  const body = bytes(...attributes);
  return bytes(u8(code), u8(7), u16(20 + body.length), Buffer.alloc(16, 0x5a), body);
}

export const accessRequest = radiusPacket(
  1,
  radiusAttribute(1, 'jane'),
  radiusAttribute(2, Buffer.alloc(16, 0x99)),
  radiusAttribute(31, '3C-15-C2-9A-01-FE'),
  radiusAttribute(26, u32(10415), u8(1), u8(17), '262011234567890'),
);

export const snmpGet = hex('3026 020101 0406 636f72652d72 a019 0201 07 020100 020100 300e 300c 06082b06010201010500 0500');
/** Version 3, authenticated and private: global data, parameters of the User-based Security Model with user `jane`, an encrypted scoped PDU. */
export const snmp3 = bytes(u8(0x30), prefixed(u8, hex('020103 300d 020101 020205dc 040103 020103'),
  u8(4), prefixed(u8, u8(0x30), prefixed(u8, hex('0405 8000000001 020101 020102 0404 6a616e65 0400 0400'))), hex('0403 010203')));

/** A DHCP request with options. */
export function dhcpMessage(op: number, ...options: Buffer[]): Buffer {
  return bytes(
    u8(op),
    hex('010600 00000001 0000 0000'),
    Buffer.alloc(16),
    hex('3c15c29a01fe'),
    Buffer.alloc(202),
    hex('63825363'),
    ...options,
    hex('ff'),
  );
}

export const dhcpOption = (code: number, ...value: (Buffer | string)[]): Buffer => bytes(u8(code), prefixed(u8, ...value));
export const dhcpRequest = dhcpMessage(1, hex('350103'), dhcpOption(12, 'Lucas-iMac'), dhcpOption(81, hex('000000'), 'lucas.example'));

/** A query with an OPT record that contains the client's network. */
export const dnsWithSubnet = hex(
  '0001 0100 0001 0000 0000 0001 0161 076578616d706c65 00 0001 0001 00 0029 1000 00000000 000b 0008 0007 0001 18 00 c63364',
);

/** A DER element of less than 64 KB. */
const der = (tag: number, ...value: (Buffer | string)[]): Buffer => {
  const body = bytes(...value);
  return body.length < 0x80 ? bytes(u8(tag), u8(body.length), body) : bytes(u8(tag), u8(0x82), u16(body.length), body);
};

/** A server certificate, without a valid signature. */
export function certificate(commonName: string, ...dnsNames: string[]): Buffer {
  return x509([commonName], dnsNames.length === 0 ? [] : [der(0x87, hex('c0000201')), ...dnsNames.map((one) => der(0x82, one))]);
}

/** A personal certificate: common name, mail address, and user principal name. */
export function personalCertificate(commonName: string, mail: string, user: string): Buffer {
  return x509([commonName], [der(0x81, mail), der(0xa0, der(0x06, hex('2b060104018237140203')), der(0xa0, der(0x0c, user)))]);
}

/** A proxy certificate (RFC 3820): its subject is that of the holder, and a number. */
export function proxyCertificate(commonName: string, number: string): Buffer {
  return x509([commonName, number], []);
}

function x509(commonNames: readonly string[], alternativeNames: readonly Buffer[]): Buffer {
  const name = der(
    0x30,
    der(0x31, der(0x30, der(0x06, hex('55040a')), der(0x0c, 'Example'))),
    ...commonNames.map((commonName) => der(0x31, der(0x30, der(0x06, hex('550403')), der(0x0c, commonName)))),
  );
  const names = der(0x30, der(0x06, hex('551d11')), der(0x01, hex('ff')), der(0x04, der(0x30, ...alternativeNames)));
  const algorithm = der(0x30, der(0x06, hex('2a864886f70d01010b')));
  const extensions = alternativeNames.length === 0
    ? Buffer.alloc(0)
    : der(0xa3, der(0x30, der(0x30, der(0x06, hex('551d13')), der(0x04, hex('3000'))), names));
  const signed = der(
    0x30,
    der(0xa0, hex('020102')),
    hex('020105'),
    algorithm,
    der(0x30),
    der(0x30, der(0x17, '250101000000Z'), der(0x17, '260101000000Z')),
    name,
    der(0x30, algorithm),
    extensions,
  );
  return der(0x30, signed, algorithm, der(0x03, Buffer.alloc(200)));
}

export const u24 = (value: number): Buffer => bytes(u8(value >> 16), u16(value & 0xffff));
/** The first flight of a TLS 1.2 server in records of at most `size` bytes. */
export function serverFlight(leaf: Buffer, size = 16_384): Buffer {
  const flight = bytes(
    u8(2),
    prefixed(u24, hex('0303'), Buffer.alloc(32), hex('00 c02f 00')),
    u8(11),
    prefixed(u24, prefixed(u24, prefixed(u24, leaf), prefixed(u24, certificate('CA')))),
    hex('0e000000'),
  );
  const records: Buffer[] = [];
  for (let at = 0; at < flight.length; at += size) records.push(hex('16 0303'), prefixed(u16, flight.subarray(at, at + size)));
  return bytes(...records);
}

export function smppPacket(command: number, ...parts: (Buffer | string)[]): Buffer {
  const body = bytes(...parts);
  return bytes(u32(16 + body.length), u32(command), u32(0), u32(1), body);
}

export const smppBind = smppPacket(9, 'gateway7\0', 's3same\0', 'VMA\0', hex('34 00 00 00'));
export const smppSubmit = smppPacket(
  4,
  '\0',
  hex('0101'),
  '491711234567\0',
  hex('0101'),
  '4915112345678\0',
  hex('00 00 00'),
  '\0\0',
  hex('00 00 00 00 02'),
  'hi',
);

export const hl7Message =
  '\x0bMSH|^~\\&|LAB|H1|||20240101||ADT^A01|1|P|2.5\rPID|1||77123^^^H1~88-9^^^X||Doe^Jane^Q||19800102|F|||1 Main '
    + 'St^^Berlin^^10115||+4915112345678|||||A-4711\rPV1|1\r\x1c\r';

const amfText = (value: string): Buffer => bytes(hex('02'), text(value));
const amfNumber = hex('00 3ff0000000000000');

/** An RTMP message in chunks of `size` bytes on chunk stream 3, each after the first with a one-byte header. */
export function rtmpMessage(type: number, body: Buffer, size = 128): Buffer {
  const parts: Buffer[] = [hex('03 000000'), u32(body.length).subarray(1), u8(type), hex('00000000')];
  for (let at = 0; at < body.length; at += size) parts.push(at === 0 ? Buffer.alloc(0) : u8(0xc3), body.subarray(at, at + size));
  return bytes(...parts);
}

const rtmpHandshake = bytes(u8(3), hex('00000001 00000000'), Buffer.alloc(1528 + 1536, 0x5a));
const rtmpConnect = rtmpMessage(
  20,
  bytes(
    amfText('connect'),
    amfNumber,
    hex('03'),
    text('app'),
    amfText('live'),
    text('tcUrl'),
    amfText(`rtmp://media.example/live?token=${'k9'.repeat(40)}`),
    text('audioCodecs'),
    amfNumber,
    hex('000009'),
  ),
);
const rtmpPublish = rtmpMessage(
  20, bytes(amfText('publish'), amfNumber, hex('05'), amfText('live_51482_kX9w3Pz7?user_id=42'), amfText('live')), 4096,
);

/** Conversations of binary protocols over TCP. */
export const binaryConversations: Record<string, Packet[]> = {
  mqtt: [
    ['source', mqttConnect],
    ['destination', hex('20020000')],
    [
      'source',
      bytes(
        mqttPacket(0x82, hex('0001'), text('dev/7/cmd'), hex('00')),
        mqttPacket(0x30, text('dev/7'), '{"uid":4711}'),
        mqttPacket(0x32, text('raw'), hex('0009'), 'uid=4711'),
      ),
    ],
    ['destination', bytes(hex('9003000100'), mqttPacket(0x30, text('dev/7/cmd'), 'go'))],
  ],
  ajp: [['source', bytes(ajpRequest, ajpBody)], ['destination', bytes(ajpResponse, hex('4142000205 01'))], ['source', ajpRequest]],
  diameter: [
    ['source', bytes(creditControl, diameterMessage(280))],
    ['destination', diameterMessage(272, avp(263, 'gw.example;18764;5237;app'), avp(268, u32(2001)))],
  ],
  'tls certificate': [
    ['source', tlsClientHello({ serverName: 'a.example' })],
    ['destination', serverFlight(certificate('A.example', 'b.example', '*.c.example'), 700)], ['source', hex('160303000410000000')],
  ],
  smpp: [['source', bytes(smppBind, smppSubmit)], ['destination', bytes(u32(25), u32(0x80000009), u32(0), u32(1), 'gateway\0\0')]],
  hl7: [['source', `${hl7Message}${hl7Message}`], ['destination', '\x0bMSH|^~\\&|A\rMSA|AA|1\r\x1c\r']],
  rtmp: [
    ['source', bytes(rtmpHandshake, rtmpConnect, rtmpMessage(1, u32(4096)), rtmpMessage(8, Buffer.alloc(500, 1), 4096), rtmpPublish)],
    ['destination', bytes(rtmpHandshake, rtmpMessage(20, bytes(amfText('_result'), amfNumber)))],
  ],
  mipush: [['destination', mipushFrame('CONN', { 1: '4902617385' })], ['source', bytes(mipushConn, hex('c2fe0005 00000000 0d2301c6'))]],
};

/** POST /up, with a text payload. */
export const coapRequest = bytes(hex('41 02 0007 5a b2'), 'up', hex('10 ff'), 'uid=4711');

/** A Telegram relay's message with the addresses of both sides of a call. */
export const telegramPeers = hex(`9a01c4d277b04e1fa3c55d208e6b1147 ${'ff'.repeat(12)} 1c37d927 c0000209 5ddc0000 c633644d 33ed0000`);

/** Datagrams of binary protocols. */
export const binaryDatagrams: Buffer[] = [
  hex('02 3b0b 0001 0017 561f0c70 0000000000000000 30c949fb 03'),
  gtp1, gtp2, accessRequest, snmpGet, snmp3, dhcpRequest, dnsWithSubnet,
  sealInitial(1, rfcConnection, cryptoFrame(0, rfcHello)),
  coapRequest, telegramPeers,
  bytes(hex('1f0201'), Buffer.alloc(21), prefixed(u16, '192.0.2.7'), prefixed(u16, '1D4E9C0A-77B2-4F0A-9D3B-5C1E2F3A4B5C')),
];
