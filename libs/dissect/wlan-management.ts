import { formatMac } from './address.ts';
import { FieldList } from './fieldlist.ts';
import type { Message } from './message.ts';
import type { DissectEnvironment } from './options.ts';

/** By subtype: length of the fixed fields before the elements of management frames that may name their network (IEEE 802.11-2020, section 9.3.3). */
const fixedBytes = new Map([[0, 4], [1, 6], [2, 10], [3, 6], [4, 0], [5, 12], [8, 12]]);
/** Association, reassociation and probe requests: they are sent by stations, and contain their addresses. */
const requests = new Set([0, 2, 4]);
const headerBytes = 24;
const stationAt = 10;
const NETWORK_NAME = 0;
const longestName = 32;

/**
 * Adds the names in an 802.11 frame between an access point and its controller if it is a management frame: the network and, in a request, the
 * station's address.
 */
export function addWlanNames(message: Message, frame: Buffer, environment: DissectEnvironment): void {
  // Some devices swap the bytes of the frame control: then a frame without flags begins with a zero.
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

/** Null if it is not a management frame that may name a network. */
function readNames(frame: Buffer, isSwapped: boolean): Names | null {
  const control = frame[isSwapped ? 1 : 0];
  const fixed = control === undefined || (control & 0x0f) !== 0 ? undefined : fixedBytes.get(control >> 4);
  const network = fixed === undefined ? null : networkName(frame, headerBytes + fixed);
  if (network === null) return null;
  return { network, station: requests.has(control! >> 4) ? formatMac(frame, stationAt) : '' };
}

/** Elements consist of number, length and value, up to the end; '' if none names a network, null if they do not fit. */
function networkName(frame: Buffer, start: number): string | null {
  let name = '';
  let at = start;
  while (at + 2 <= frame.length) {
    const end = at + 2 + frame[at + 1]!;
    if (end > frame.length) return null;
    if (frame[at] === NETWORK_NAME && end - at - 2 > longestName) return null;
    // The name of a hidden network consists of zeros.
    if (frame[at] === NETWORK_NAME && end > at + 2 && frame[at + 2] !== 0) name = frame.toString('utf8', at + 2, end);
    at = end;
  }
  return at === frame.length ? name : null;
}
