import { isPlaceholder } from './opaque.ts';

/** Names of computers and telephones, which often contain their owner's. RFC 8117 (Current Hostname Practice Considered Harmful). */

const devices =
  'iphone|ipad|ipod|macbook(?:[ -]?(?:air|pro))?|mbp|mba|imac|mac[ -]?(?:mini|studio|pro|book)|apple[ -]?watch|galaxy|pixel|surface|thinkpad'
  + '|notebook|laptop|desktop|pc|phone|handy|tablet|airpods|homepod';

/** `Jane's MacBook Pro`, `Jonas-iPhone`, `iPhone de Marie`, `iPhone-von-Hans`, `Janes-MBP`, `johnson-pc`. */
const possessed = new RegExp(
  `^(?:[\\p{L}][\\p{L}\\p{M}\\p{N}._]{1,30}(?:['’]?s)?[ _-](?:${devices})`
    + '(?:[ _-]?(?:\\d{1,4}|[ivx]{1,4}|\\(\\d\\)|pro|max|air|mini|plus|se|ultra)){0,3}' +
    `|(?:${devices})[ _-](?:de|di|du|van|von|of|af|av|da|do|für|fra)[ _-]?[\\p{L}][\\p{L}\\p{M}._ -]{1,30})$`,
  'iu',
);

/** Names that Windows and Android generate, different for each device: `DESKTOP-4J7QK2M`, `LAPTOP-…`, `WIN-…`, `android-3be90d5c6a41f728`. */
const drawn = /^(?:(?:DESKTOP|LAPTOP|MINWINPC)-[0-9A-Z]{7}|WIN-[0-9A-Z]{11}|android-[0-9a-f]{15,16})$/i;

/** Words before a device that tell its maker or model, not its owner. */
const makers = new RegExp(`^(?:${
  'apple|samsung|google|microsoft|lenovo|dell|hp|asus|acer|huawei|honor|xiaomi|redmi|oppo|vivo|oneplus|sony|nokia|motorola|lg|htc|my|the|new'
  + '|test|unknown|generic|android|windows|linux|mac|smart|mobile|wifi|virtual|remote|default|demo|guest|user|admin|home|office|x64|x86|gaming'
  + '|mini'
})[ _-]`, 'i');

/** Whether a name tells to whom the device belongs, or is unique to it. */
export function isPersonalDeviceName(value: string): boolean {
  return value.length <= 64 && (drawn.test(value) || (possessed.test(value) && !makers.test(value)));
}

/** Names shared by all installations of a system or all devices of a model. */
const common = new RegExp(`^(?:${
  'localhost|localdomain|pop-os|fedora|archlinux|manjaro|centos|parrot|nmap|nessus|openvas|masscan|zgrab|censys|shodan|metasploit|msedgewin10'
  + '|ie\\d{1,2}win\\d{1,2}|(?:r|sw|ap|gw)\\d{1,3}|test[-_]?\\d*|macbook(?:[- ]?(?:air|pro))?|mb(?:p|pro|a|air)|imac|local|android|dhcp|espressif'
  + '|raspberrypi|openwrt|router|gateway|wpad|isatap|proxy|server|printer|unknown|ubuntu|debian|kali|linux|host|default|workgroup|workstation'
  + '|notebook|laptop|desktop|pc|user-?pc|windows|win(?:7|8|10|11|xp)|dc\\d*|ns\\d*|mail|www|nas|fileserver|auth|testhost|msbrowse|__msbrowse__'
  + '|(?:qemu|libvncserver|[wx]\\w{0,3}vnc|vnc)\\b.*|iphone|ipad|chromecast|appletv|apple-tv|homepod'
})$`, 'i');
const model = new RegExp(`^(?:${[
  '[A-Z]{2,4}-[A-Z]{0,3}\\d{2,5}[A-Z]{0,2}',
  '(?:EPSON|BROTHER|BRN|BRW|HP|NPI|CANON|KYOCERA|XRX|SHARP|RICOH|LEXMARK|ESP|sonos|tasmota|shelly\\w*|sonoff|hue)[-_ ]?[0-9A-F]{2,12}.*',
  'amazon-[0-9a-f]{6,12}',
].join('|')})$`, 'i');

/** Attack tools generate a name of 16 letters and digits for each login; a NetBIOS name has at most 15, and no person mixes case like this. */
function isDrawn(name: string): boolean {
  return /^[A-Za-z0-9]{16}$/.test(name) && (name.match(/[a-z](?=[A-Z\d])|[A-Z](?=[a-z\d])|\d(?=[A-Za-z])/g)?.length ?? 0) >= 4;
}

/** Whether a value can be the name of a device on its network, excluding generated names and names that all devices of a model have. */
export function isHostName(value: string): boolean {
  const name = value.replace(/\.$/, '').replace(/\.(?:local|lan|home|home\.arpa|fritz\.box|localdomain)$/i, '');
  return (
    /^[\p{L}\p{N}][\p{L}\p{N} ._’'()-]{1,62}$/u.test(name) &&
    /\p{L}/u.test(name) &&
    !isPlaceholder(name) &&
    !common.test(name) &&
    !model.test(name) &&
    !isDrawn(name) &&
    !/^\d{1,3}(?:[.-]\d{1,3}){3}/.test(name) &&
    !/^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(name) &&
    !/^[0-9a-f]{12,}$/i.test(name)
  );
}

/** In lower case, without the domain of the local network and its final dot, and with a hyphen for characters that a host name cannot contain. */
export function normaliseHostName(value: string): string {
  return value
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/\.(?:local|lan|home|home\.arpa|fritz\.box|localdomain|internal)$/, '')
    .replaceAll(/['’]/g, '')
    .replaceAll(/[\s_]+/g, '-');
}
