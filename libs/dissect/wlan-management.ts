import { formatMac } from './address.ts';
import { FieldList } from './fieldlist.ts';
import type { Message } from './message.ts';
import type { DissectEnvironment } from './options.ts';

/** By subtype: bytes of fixed fields in front of the elements of a management frame that may name its network (IEEE 802.11-2020, section 9.3.3). */
const fixedBytes = new Map([[0, 4], [1, 6], [2, 10], [3, 6], [4, 0], [5, 12], [8, 12]]);
/** Association, reassociation and probe request: a station sends them, and its address is in them. */
const requests = new Set([0, 2, 4]);
const headerBytes = 24;
const stationAt = 10;
const NETWORK_NAME = 0;
const longestName = 32;

/**
 * Adds what a frame of 802.11 between an access point and its controller names where it is one of management: the network and, in a request, the
 * address of the station.
 */
export function addWlanNames(message: Message, frame: Buffer, environment: DissectEnvironment): void {
  // Some swap the bytes of the frame control: then those of a frame without flags begin with a zero.
  const isSwapped = frame[0] === 0;
  const names = readNames(frame, isSwapped) ?? readNames(frame, !isSwapped);
  if (names === null) return;
  const fields = new FieldList(message, environment);
  fields.add(`${message.protocol}.wlan.network_name`, 'wlan_ssid', names.network);
  fields.add(`${message.protocol}.wlan.station_mac`, 'station_mac', names.station);
}

interface Names {
  readonly network: string;
  readonly station: string;
}

/** Null when it is no management frame that may name a network. */
function readNames(frame: Buffer, isSwapped: boolean): Names | null {
  const control = frame[isSwapped ? 1 : 0];
  const fixed = control === undefined || (control & 0x0f) !== 0 ? undefined : fixedBytes.get(control >> 4);
  const network = fixed === undefined ? null : networkName(frame, headerBytes + fixed);
  if (network === null) return null;
  return { network, station: requests.has(control! >> 4) ? formatMac(frame, stationAt) : '' };
}

/** Elements are a number, a length and a value, up to the end; '' where none names a network, null where they do not fit. */
function networkName(frame: Buffer, start: number): string | null {
  let name = '';
  let at = start;
  while (at + 2 <= frame.length) {
    const end = at + 2 + frame[at + 1]!;
    if (end > frame.length) return null;
    if (frame[at] === NETWORK_NAME && end - at - 2 > longestName) return null;
    // A network that is hidden has a name of zeros.
    if (frame[at] === NETWORK_NAME && end > at + 2 && frame[at + 2] !== 0) name = frame.toString('utf8', at + 2, end);
    at = end;
  }
  return at === frame.length ? name : null;
}
