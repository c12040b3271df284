import type { IdentifierKind } from '../kind.ts';
import { caseless } from '../scan/anchor.ts';
import { patternShape } from '../shape.ts';
import { isOneCharacter, isPlaceholder, isUuid } from '../opaque.ts';

/** The wireless network that a device is connected to: public databases know the location of most of them. */
export const ssid: IdentifierKind = {
  name: 'ssid',
  dataClass: 'location',
  noCookie: true,
  keys: ['*_ssid', 'wifi_name', 'wifiname', 'wlan_name', 'network_ssid', 'hotspot_name', 'access_point_name', 'essid'],
  validate: (value) => {
    const name = value.replace(/^(["'])(.*)\1$/, '$2').trim();
    return name.length >= 2 && Buffer.byteLength(name) <= 32 && !/\p{Cc}/u.test(name) && !isPlaceholder(name) && !isUuid(name) && !absent.test(name)
      && !/^[0-9a-f]{24,32}$/i.test(name) && !/^\d+$/.test(name) && !name.includes('=');
  },
  normalise: (value) => value.replace(/^(["'])(.*)\1$/, '$2').trim(),
  confidence: 80,
  traps: [
    'Android gives `<unknown ssid>` to apps without permission.', '`SSID` is also the name of a session cookie.',
    'The access point name of a mobile operator is not that of a wireless network.',
  ],
  source: 'IEEE 802.11-2020, section 9.4.2.2; https://developer.android.com/reference/android/net/wifi/WifiInfo#getSSID()',
  examples: {
    match: [['ssid', 'Harbour Cafe 5G'], ['wifi_ssid', '"casa-di-jane"'], ['wifiName', 'TP-Link_7F2C'], 'net=wifi&ssid=HarbourGuest&rssi=-61'],
    noMatch: [
      ['ssid', '<unknown ssid>'], ['ssid', ''], ['ssid', '0x'], ['ssid', '7c41d9e23b5f4a869e17d04c8ab3f65e'], ['wifi_name', 'null'],
      ['SSID', 'AzQ7kP2mX9vT4nB8c', 'http.request.header.cookie.SSID'], ['ssid_count', 'Harbour'],
    ],
  },
};

const absent = /^(?:<.*>|0x|unknown[ _-]?ssid|nvram|no[ _-]?wifi|wifi|wlan|mobile|cellular|4g|5g|lte|none)$/i;

const address = '(?:\\d{1,3}(?:\\.\\d{1,3}){3}|[0-9a-f:]{6,39})';
/** The address of a session description (RFC 8866, section 5.7), or of an ICE host candidate (RFC 8839, section 5.1). */
const sessionAddress = new RegExp(`(?<=\\bIN IP[46] )${address}|${address}(?= \\d{1,5} typ host)`, 'iy');
const introduction = 'IN IP4 '.length;

/** After `IN IP4 `, or before the port that precedes ` typ host`. */
function startOfAddress(text: string, at: number): number {
  return text[at] === ' ' ? text.lastIndexOf(' ', at - 1 - /\d*$/.exec(text.slice(at - 5, at))![0].length - 1) + 1 : at + introduction;
}

/** A device's address behind its router: an application that sends it reveals the inside of a network. */
export const privateAddress: IdentifierKind = {
  name: 'private_ip',
  dataClass: 'location',
  keys: [
    'local_ip', 'lan_ip', 'intranet_ip', 'internal_ip', 'private_ip', 'wifi_ip', 'wlan_ip', 'inner_ip', 'local_address', 'local_addr',
    'lan_address', 'device_ip', 'phone_ip', 'my_ip', 'local_ip_address', 'client_local_ip', 'client_lan_ip', 'host_ip', 'ip_lan', 'lip',
    'sdp_address', 'stun_address', 'ice_candidate_address', 'interface_ip', 'wifi_ip_address',
  ],
  validate: isPrivate,
  shape: patternShape({
    anchors: [caseless('in ip4 '), caseless('in ip6 '), caseless(' typ host')], confidence: 70, pattern: sessionAddress, accept: isPrivate,
    begin: startOfAddress,
  }),
  normalise: (value) => value.toLowerCase().replace(/:\d{1,5}$/, (port) => (value.includes('.') ? '' : port)),
  confidence: 70,
  traps: [
    'Routers have the same addresses everywhere (`192.168.0.1`).', 'Every device has loopback and link-local addresses.',
    'Proxies fill in X-Forwarded-For.',
  ],
  source: 'RFC 1918, section 3; RFC 4193, section 3.1; RFC 8828 (WebRTC IP Address Handling Requirements)',
  examples: {
    match: [
      ['local_ip', '192.168.4.37'],
      ['lanIp', '10.20.31.42'],
      ['localAddress', '172.20.10.5:50123'],
      'v=2&localip=192.168.31.77&net=wifi',
      ['inner_ip', 'fd12:3456:789a::17'],
      'candidate:842163049 1 udp 2122260223 192.168.31.77 50123 typ host generation 0',
      ['sdp', 'v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\nc=IN IP4 10.20.31.42\r\n'],
    ],
    noMatch: [
      ['local_ip', '127.0.0.1'],
      ['local_ip', '192.168.0.1'],
      ['lan_ip', '169.254.7.9'],
      ['local_ip', '198.51.100.7'],
      ['X-Forwarded-For', '10.20.31.42'],
      'candidate:842163049 1 udp 2122260223 3f1c.local 50123 typ host',
      'candidate:1 1 udp 1677729535 198.51.100.7 50123 typ srflx raddr 10.20.31.42 rport 9',
      'c=IN IP4 198.51.100.7',
      ['gateway', '10.20.31.42'],
      ['local_ip', 'fe80::1234'],
      ['local_ip', '0.0.0.0'],
      ['version', '10.20.31.42'],
    ],
  },
};

function isPrivate(value: string): boolean {
  const address = value.replace(/:\d{1,5}$/, (port) => (value.includes('.') ? '' : port));
  if (/^f[cd][0-9a-f]{2}:[0-9a-f:]{2,35}$/i.test(address)) return true;
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (octets === undefined || octets.some((octet) => octet > 255) || isOneCharacter(address.replaceAll('.', ''))) return false;
  const [first, second, , last] = octets as [number, number, number, number];
  const isRange = first === 10 || (first === 172 && second >= 16 && second <= 31) || (first === 192 && second === 168);
  return isRange && last !== 0 && last !== 1 && last !== 254 && last !== 255;
}
