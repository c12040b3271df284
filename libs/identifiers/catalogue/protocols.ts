import { maskSecret, maskValue } from '../mask.ts';
import { isHostName, isPersonalDeviceName, normaliseHostName } from '../device-name.ts';
import { distinct, isId, isOneCharacter, isRandomToken } from '../opaque.ts';
import { literal } from '../scan/anchor.ts';
import { patternShape } from '../shape.ts';
import type { IdentifierKind } from '../kind.ts';
import { deviceId } from './devices.ts';
import { password, sessionToken } from './credentials.ts';
import { imei, imsi, msisdn } from './subscriptions.ts';

/*
 * Identifiers in fields that a protocol defines for them. Since the field tells what the value is, no check digit or numbering plan has to confirm
 * it. The key names are those that the dissectors assign to such fields.
 */

/** Digits, as many as the numbering plan allows, and not all the same. */
const isDigits = (least: number, most: number) => (value: string) =>
  /^\d+$/.test(value) && value.length >= least && value.length <= most && !isOneCharacter(value);

export const signalledImsi: IdentifierKind = {
  ...imsi,
  keys: ['gtp_imsi', 'diameter_imsi', 'radius_imsi'],
  validate: isDigits(6, 15),
  source: '3GPP TS 29.060, section 7.7.2; 3GPP TS 29.274, section 8.3; RFC 8506, section 8.47',
  traps: ['Test networks have IMSIs of their own.'],
  examples: {
    match: [['gtp_imsi', '987654112233440'], ['diameter_imsi', '262011234567890']],
    noMatch: [['gtp_imsi', '000000000000000'], ['gtp_imsi', '12345'], ['some_imsi', '987654112233440']],
  },
};

export const signalledImei: IdentifierKind = {
  ...imei,
  keys: ['gtp_mei', 'diameter_mei', 'radius_mei'],
  validate: isDigits(14, 16),
  source: '3GPP TS 29.060, section 7.7.53; 3GPP TS 29.274, section 8.10; RFC 8506, section 8.50',
  traps: ['All zeros mean that the equipment gave none.'],
  examples: {
    match: [['gtp_mei', '436587092110209'], ['gtp_mei', '3520990017614823']],
    noMatch: [['gtp_mei', '000000000000000'], ['gtp_mei', '1234567890123'], ['serial', '436587092110209']],
  },
};

export const signalledMsisdn: IdentifierKind = {
  ...msisdn,
  keys: ['gtp_msisdn', 'diameter_msisdn', 'smpp_msisdn'],
  validate: isDigits(7, 15),
  source: '3GPP TS 29.060, section 7.7.33; 3GPP TS 29.274, section 8.11; RFC 8506, section 8.47',
  traps: ['Services have short codes.'],
  examples: {
    match: [['gtp_msisdn', '896745214360'], ['smpp_msisdn', '491711234567']],
    noMatch: [['gtp_msisdn', '22222'], ['gtp_msisdn', '0000000000'], ['diameter_msisdn', 'jane']],
  },
};

/** Identifies a client to the broker, in most cases permanently: generated ids are recognised by their prefix. */
export const mqttClientId: IdentifierKind = {
  ...deviceId,
  keys: ['mqtt_client_id'],
  validate: (value) => value.length >= 4 && isId(value) && !/^(?:mosq|paho|auto|mqttjs|mqttx|rand|tmp|temp)[-_/:|]?/i.test(value),
  confidence: 75,
  source: 'MQTT 5.0, section 3.1.3.1',
  traps: ['Libraries draw identifiers anew for each connection (`mosq/…`, `paho…`).'],
  examples: {
    match: [['mqtt_client_id', 'P47775ID170W2121'], ['mqtt_client_id', 'ccbaabcbabacb']],
    noMatch: [['mqtt_client_id', 'mosq/4rIxGbDL0A'], ['mqtt_client_id', 'paho48291764'], ['mqtt_client_id', 'null'], ['client_id', 'web-app']],
  },
};

/** The name of a device on its network, which often contains its owner's. */
export const deviceName: IdentifierKind = {
  name: 'device_name',
  dataClass: 'device',
  keys: [
    'dhcp_host_name',
    'netbios_name',
    'mdns_host_name',
    'mdns_instance_name',
    'llmnr_host_name',
    'rpc_machine_name',
    'rfb_host_name',
    'steam_host_name',
  ],
  validate: isHostName,
  normalise: normaliseHostName,
  confidence: 60,
  traps: ['Makers give one name to all devices of a model, such as `TL-SG108E`.', 'Programs give one name to all desktops that they show.'],
  source: 'RFC 2132, section 3.14 (Host Name option); RFC 6143, section 7.3.2; RFC 6762, section 3; RFC 1002, section 4.2; RFC 5531, appendix A; '
    + 'RFC 8117 (Current Hostname Practice Considered Harmful)',
  examples: {
    match: [
      ['dhcp_host_name', 'iPhone-di-Monica'],
      ['dhcp_host_name', 'Lucas-MacBook'],
      ['mdns_host_name', 'janes-mbp.local'],
      ['netbios_name', 'JONAS-PC'],
      ['rpc_machine_name', 'harbour-desk4'],
      ['mdns_instance_name', 'Jane’s MacBook Air'],
    ],
    noMatch: [
      ['dhcp_host_name', 'localhost'],
      ['netbios_name', 'Kd7fPq2XmZ9tRw4B'],
      ['netbios_name', '4Qprrxt3KFQNDVWJ'],
      ['mdns_instance_name', 'mbpro'],
      ['dhcp_host_name', '10'],
      ['dhcp_host_name', 'TL-SG108E'],
      ['dhcp_host_name', ''],
      ['rfb_host_name', 'QEMU (build-7)'],
      ['rfb_host_name', 'x11vnc'],
      ['host', 'Lucas-MacBook'],
    ],
  },
};

/** Greetings of mail servers, testing tools and bots that are the same everywhere. */
const commonGreetings = /^(?:[eh]*lo|hello|mail\w*|smtp\w*|mx\d*|relay\d*|gateway\d*|client|user|test\w*|ylmf-pc|attacker|domain|me|foo|bar|x+)$/i;

/** A mail program that has no name in the DNS greets with that of the computer, which often contains its owner's. */
export const greetingDevice: IdentifierKind = {
  name: deviceName.name,
  dataClass: deviceName.dataClass,
  keys: ['helo'],
  validate: (value) => {
    const name = value.replace(/\.(?:local|lan|home|fritz\.box|localdomain|internal)$/i, '');
    return /^[A-Za-z0-9_-]{3,63}$/.test(name) && isHostName(name) && !commonGreetings.test(name);
  },
  normalise: normaliseHostName,
  // Too little for a link: most of the addresses beside it are those of recipients.
  confidence: 35,
  traps: ['names of mail servers, which have a domain', 'greetings that a program always sends'],
  source: 'RFC 5321, section 4.1.1.1',
  examples: {
    match: [['helo', 'Jane-PC', 'smtp.helo'], ['helo', 'marlene', 'smtp.helo'], ['helo', 'marlene.fritz.box', 'smtp.helo']],
    noMatch: [
      ['helo', 'mx1.example.org', 'smtp.helo'], ['helo', '[192.0.2.7]', 'smtp.helo'], ['helo', 'localhost', 'smtp.helo'],
      ['helo', 'EHLO', 'smtp.helo'], ['helo', 'ylmf-pc', 'smtp.helo'],
    ],
  },
};

/** A device name under an explicit key. Since many of these are models or servers, only names that identify an owner count. */
export const namedDevice: IdentifierKind = {
  name: deviceName.name,
  dataClass: deviceName.dataClass,
  keys: [
    '*_device_name', 'dev_name', 'phone_name', 'host_name', 'hostname', '*_computer_name', '*_machine_name', 'workstation', 'workstation_name',
    'pc_name', 'client_name', 'device_friendly_name', 'friendly_name', 'terminal_name', 'tls_server_name', 'tls_certificate_name', 'dns_name',
    'bluetooth_name', 'station_name',
  ],
  validate: (value) => isPersonalDeviceName(value.replace(/\.(?:local|lan|home|fritz\.box|internal)$/i, '')),
  normalise: normaliseHostName,
  confidence: 65,
  traps: ['Names of models (`iPhone 12`, `Galaxy S21`) are shared by many devices.', 'Servers and user agents have names as well.'],
  source: 'https://developer.apple.com/documentation/uikit/uidevice/name; RFC 8117',
  examples: {
    match: [
      ['deviceName', 'Jane’s MacBook Pro'], ['computer_name', 'DESKTOP-4J7QK2M'], ['hostname', 'jonas-laptop'], ['device_name', 'iPhone de Marie'],
      ['tls_certificate_name', 'Johns-iMac.local'],
    ],
    noMatch: [
      ['device_name', 'iPhone 12'],
      ['deviceName', 'Galaxy S21'],
      ['hostname', 'api.example.org'],
      ['device_name', 'Samsung Galaxy S9'],
      ['hostname', 'web-01'],
      ['device_name', 'Google Pixel 7'],
    ],
  },
};

/** A signature that grants access to an Azure resource until it expires, sent in place of a password. */
export const sharedAccessSignature: IdentifierKind = {
  ...sessionToken,
  keys: ['password', 'authorization'],
  validate: (value) => /^SharedAccessSignature s[a-z]+=\S{8,}$/.test(value),
  mask: maskSecret,
  confidence: 95,
  source: 'https://learn.microsoft.com/azure/iot-hub/authenticate-authorize-sas',
  traps: ['A password may begin with the word.'],
  examples: {
    match: [['password', 'SharedAccessSignature sig=q7RtVb2LmXe%2FpK%2BzN4YwJHcsUd9A83GTkBvyfoQxwZR%3D&se=1767225600']],
    noMatch: [['token', 'SharedAccessSignature'], ['note', 'the SharedAccessSignature of a device']],
  },
};

/** Default communities protect nothing. */
const isDefaultCommunity = /^(?:public|private|snmp|community)$/i;

export const snmpCommunity: IdentifierKind = {
  ...password,
  keys: ['snmp_community'],
  validate: (value) => /^[!-~]{2,64}$/.test(value) && !isDefaultCommunity.test(value),
  confidence: 80,
  source: 'RFC 3584, section 5.2',
  traps: ['Default communities are known to everybody.'],
  examples: {
    match: [
      ['snmp_community', 'adsl7'],
      ['snmp_community', 'core-ro'],
    ],
    noMatch: [
      ['community', 'adsl7'],
      ['snmp_community', 'a'],
      ['snmp_community', 'public'],
    ],
  },
};

/** The client's network, which a resolver forwards to every name server it queries. */
export const clientSubnet: IdentifierKind = {
  name: 'client_subnet',
  dataClass: 'location',
  keys: ['dns_client_subnet'],
  validate: (value) =>
    /^[\da-f.:]+\/[1-9]\d*$/i.test(value) &&
    !/^(?:0\.|10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::|f[cd]|fe80)/i.test(value),
  normalise: (value) => value.toLowerCase(),
  confidence: 90,
  source: 'RFC 7871, sections 6 and 11.1',
  traps: ['With `0.0.0.0/0` a client asks that its network not be passed on.', 'Private networks are the same everywhere.'],
  examples: {
    match: [['dns_client_subnet', '213.61.28.0/24'], ['dns_client_subnet', '2001:4860:4860::/56']],
    noMatch: [['dns_client_subnet', '0.0.0.0/0'], ['dns_client_subnet', '192.168.4.0/24'], ['subnet', '213.61.28.0/24']],
  },
};

/** Identifies the stream being published; whoever knows it can publish in its owner's place. */
export const streamKey: IdentifierKind = {
  name: 'stream_key',
  dataClass: 'secret',
  keys: ['rtmp_stream_key', 'stream_key'],
  validate: (value) => value.length >= 4 && isId(value),
  mask: maskSecret,
  confidence: 85,
  source: 'https://dev.twitch.tv/docs/video-broadcast/ (stream key); Adobe, RTMP Specification 1.0, section 7.2.2.6',
  traps: ['The name under which a stream is played is not secret.'],
  examples: {
    match: [['rtmp_stream_key', 'live_51482_kX9w3Pz7'], ['streamKey', 'ab12-cd34-ef56']],
    noMatch: [['rtmp_stream_key', 'null'], ['stream', 'live_51482_kX9w3Pz7'], ['stream_key', '']],
  },
};

const mediaKeyInText = /(?<=\bcrypto:\d{1,9} [A-Z0-9_]{8,40} inline:)[A-Za-z0-9+/]{38,128}={0,2}/y;

/** Decrypts the media of a call: the key of a meeting, or of a stream within it. */
export const mediaKey: IdentifierKind = {
  name: 'media_key',
  dataClass: 'secret',
  keys: [
    'sdp_crypto', '*_media_key', '*_meeting_key', 'srtp_key', '*_srtp_master_key', 'srtp_key_salt', 'rtp_key', 'audio_key', 'video_key', 'e2ee_key',
    'meeting_enc_key', 'conf_key',
  ],
  validate: (value) => /^(?:[0-9a-f]{32,128}|[A-Za-z0-9+/_-]{22,128}={0,2})$/i.test(value) && isRandomToken(value),
  shape: patternShape({ anchors: [literal('inline:')], confidence: 95, pattern: mediaKeyInText, begin: (_text, at) => at + 'inline:'.length }),
  mask: maskSecret,
  confidence: 92,
  traps: ['The fingerprint of a certificate (`a=fingerprint`) is not secret.', 'Under `video_key` there are names of formats as well.'],
  source: 'RFC 4568, section 9.2 (key and salt in SDP); '
    + 'https://citizenlab.ca/2020/04/move-fast-roll-your-own-crypto-a-quick-look-at-the-confidentiality-of-zoom-meetings/',
  examples: {
    match: [
      ['sdp_crypto', 'q7RtVb2LmXe1pK0zN4YwJHcsUd9A83GTkBvyfoQx'],
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:q7RtVb2LmXe1pK0zN4YwJHcsUd9A83GTkBvyfoQx|2^20|1:4',
      ['meetingKey', '5e0c94d71fa2b86310d7c4e9a85f2b63'],
    ],
    noMatch: [
      'a=fingerprint:sha-256 D2:B9:31:8F:DF:24',
      ['video_key', 'h264'],
      ['meeting_key', 'standup'],
      'style inline:q7RtVb2LmXe1pK0zN4YwJHcsUd9A83GTkBvyfoQx',
    ],
  },
};

/** The product id of an installed Windows, `edition-channel-number-date`; the digits of the number add up to a multiple of seven. */
function isWindowsProductId(value: string): boolean {
  const number = /^\d{5}-\d{3}-(\d{7})-\d{5}$/.exec(value)?.[1];
  if (number === undefined || isOneCharacter(number)) return false;
  let sum = 0;
  for (const digit of number) sum += Number(digit);
  return sum % 7 === 0;
}

/** A UUID of which as much is left as fits into the field. */
const shortenedUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{7,12}$/i;

/** What a client of Remote Desktop says of its own installation, at each connection. */
export const remoteDesktopClient: IdentifierKind = {
  ...deviceId,
  keys: ['rdp_client_product_id'],
  validate: (value) => isWindowsProductId(value) || (shortenedUuid.test(value) && distinct(value) >= 5),
  confidence: 80,
  traps: ['product ids that a maker installs on all its computers (`76497-OEM-…`)', 'clients that send none'],
  source: '[MS-RDPBCGR], section 2.2.1.3.2 (clientDigProductId)',
  examples: {
    match: [['rdp_client_product_id', '55302-640-2718287-23104'], ['rdp_client_product_id', '6d21f9e0-83b4-4c5a-9e17-20af51c']],
    noMatch: [
      ['rdp_client_product_id', '76497-OEM-0011903-00107'], ['rdp_client_product_id', '55302-640-2718284-23104'],
      ['rdp_client_product_id', '00000000-0000-0000-0000-0000000'],
    ],
  },
};

const uniqueDeviceName = /^uuid:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[\w-]*\d)[\w-]{12,64})(?:::.{1,128})?$/i;

/** The identifier that a device announces on its network again and again for its whole lifetime. */
export const upnpDevice: IdentifierKind = {
  name: deviceId.name,
  dataClass: deviceId.dataClass,
  keys: ['usn', 'nt', 'udn', 'identity'],
  validate: (value) => uniqueDeviceName.test(value) && !isOneCharacter(uniqueDeviceName.exec(value)![1]!),
  normalise: (value) => (uniqueDeviceName.exec(value)?.[1] ?? value).toLowerCase(),
  mask: (value) => maskValue(uniqueDeviceName.exec(value)?.[1] ?? value),
  // As for device names: whoever reads it is on the same network.
  confidence: 60,
  traps: [
    'Types of devices and services (`urn:schemas-upnp-org:…`, `upnp:rootdevice`) are not devices.',
    'The `urn:uuid:` of a message is drawn anew for each.',
  ],
  source: 'UPnP Device Architecture 2.0, sections 1.1.4 and 1.2.2 (USN, NT, UDN)',
  examples: {
    match: [
      ['USN', 'uuid:5c1e2f7a-94d0-4b3e-8a61-07f2d9c4e1b8::upnp:rootdevice'],
      'USN: uuid:5c1e2f7a-94d0-4b3e-8a61-07f2d9c4e1b8::urn:dial-multiscreen-org:service:dial:1',
      '<UDN>uuid:5c1e2f7a-94d0-4b3e-8a61-07f2d9c4e1b8</UDN>',
    ],
    noMatch: [
      ['NT', 'upnp:rootdevice'], ['NT', 'urn:schemas-upnp-org:device:MediaRenderer:1'], ['USN', 'uuid:00000000-0000-0000-0000-000000000000'],
      ['MessageID', 'urn:uuid:5c1e2f7a-94d0-4b3e-8a61-07f2d9c4e1b8'],
    ],
  },
};

/** A fully qualified host name, or an address; `jane.doe` is neither. */
const isQualified = (value: string): boolean =>
  /^(?:\*\.)?(?:[\w-]+\.){2,}[\w-]+\.?$|^\*\.|^[\w-]+\.(?:com|net|org|io|dev|cn|local|lan|internal|example)$/i.test(value);

/** Names in certificates that are the same in all copies of a program. */
const sharedNames = /\b(?:client|agent|server|service|device|certificate|cert|ca)$|^(?:client|user|test|default|localhost|anonymous|unknown)\b/i;

/** Programs that install a certificate of their own number the computers that have it. */
export const certificateDevice: IdentifierKind = {
  ...deviceId,
  keys: ['tls_client_certificate_name'],
  validate: (value) => /^\d{16,20}$/.test(value) && !isOneCharacter(value),
  confidence: 75,
  traps: ['shorter numbers, which may be those of a member of staff'],
  source: 'RFC 5246, section 7.4.6',
  examples: {
    match: [['tls_client_certificate_name', '731940285516627083']],
    noMatch: [['tls_client_certificate_name', '0000000000000000'], ['common_name', '731940285516627083']],
  },
};

/** The subject of a TLS client's certificate. A service that authenticates with a certificate is named by its host there, and is not reported. */
export const certificateHolder: IdentifierKind = {
  name: 'user_name',
  dataClass: 'account',
  keys: ['tls_client_certificate_name'],
  validate: (value) => value.length >= 2 && value.length <= 128 && !isQualified(value) && !sharedNames.test(value),
  confidence: 80,
  traps: [
    'Servers that authenticate to each other have names as well.',
    'Names of programs (`Desk Client`) and default names say nothing about a person.',
  ],
  source: 'RFC 5246, section 7.4.6; RFC 8446, section 1.2 (TLS 1.3 encrypts it)',
  examples: {
    match: [
      ['tls_client_certificate_name', 'Jane Doe'],
      ['tls_client_certificate_name', 'jane.doe'],
      ['tls_client_certificate_name', '7D1C0E52-3A9B-4F7E-8C21-5B0D9A6E4F13'],
    ],
    noMatch: [
      ['tls_client_certificate_name', 'mail.example.org'],
      ['tls_client_certificate_name', '*.example.im'],
      ['tls_client_certificate_name', 'Desk Client'],
      ['tls_client_certificate_name', '192.0.2.7'],
    ],
  },
};
