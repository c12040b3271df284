import type { CaptureCounters } from './counters.ts';
import { truncated } from './ether-type.ts';
import * as layer from './layers.ts';
import type { PacketView } from './view.ts';

const DATA_FRAME = 2;
const SUBTYPE_QOS = 0x80;
const SUBTYPE_NO_DATA = 0x40;
/** Second byte of the frame control. */
const TO_AND_FROM_DS = 0x03;
const PROTECTED = 0x40;
const ORDER = 0x80;
const AGGREGATED = 0x80;

/** IEEE 802.11, section 9.2: data frames that are not encrypted. For an aggregated one (A-MSDU), only the first packet. */
export function decodeWlan(view: PacketView, counters: CaptureCounters): layer.Layer {
  return decodeFrame(view, false, false, counters);
}

/** The same, as handed over by Cisco access points: the bytes of frame control and of sequence control are swapped. */
export function decodeSwappedWlan(view: PacketView, counters: CaptureCounters): layer.Layer {
  return decodeFrame(view, false, true, counters);
}

/** @param isPadded the header is padded to a multiple of 4 bytes, as by some drivers */
function decodeFrame(view: PacketView, isPadded: boolean, isSwapped: boolean, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 24 > end) return truncated(counters);
  const control = isSwapped ? data[at + 1]! : data[at]!;
  const flags = isSwapped ? data[at]! : data[at + 1]!;
  const subtype = control & 0xf0;
  if ((control >> 2 & 3) !== DATA_FRAME || subtype & SUBTYPE_NO_DATA) return fail('wlan/no_data', counters);
  if (flags & PROTECTED) return fail('wlan/protected', counters);
  // All but the first fragment begin inside a packet.
  if (data[isSwapped ? at + 23 : at + 22]! & 0xf) return fail('wlan/fragment', counters);

  let length = (flags & TO_AND_FROM_DS) === TO_AND_FROM_DS ? 30 : 24;
  let isAggregated = false;
  if (subtype & SUBTYPE_QOS) {
    if (at + length + 2 > end) return truncated(counters);
    isAggregated = (data[at + length]! & AGGREGATED) !== 0;
    length += flags & ORDER ? 6 : 2;
  }
  if (isPadded) length = (length + 3) & ~3;
  if (isAggregated) {
    counters.count('wlan/aggregated');
    length += 14; // two addresses and a length
  }
  view.payloadStart = at + length;
  return layer.LLC;
}

const RADIOTAP_TIMER = 1;
const RADIOTAP_FLAGS = 2;
const RADIOTAP_PADDED = 0x20;

/** https://www.radiotap.org: little-endian; version 0, header length, a bit map of fields that may extend over further words. */
export function decodeRadiotap(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 8 > end) return truncated(counters);
  const length = data[at + 2]! | (data[at + 3]! << 8);
  if (data[at] !== 0 || length < 8 || at + length > end) return fail('wlan/bad_header', counters);
  view.payloadStart = at + length;
  return decodeFrame(view, (radiotapFlags(data, at, at + length) & RADIOTAP_PADDED) !== 0, false, counters);
}

/** Fields are aligned to their size, relative to the header. */
function radiotapFlags(data: Buffer, at: number, end: number): number {
  const present = data[at + 4]!;
  if ((present & RADIOTAP_FLAGS) === 0) return 0;
  let word = at + 4;
  while (word + 4 <= end && data[word + 3]! & 0x80) word += 4;
  let field = word + 4 - at;
  if (present & RADIOTAP_TIMER) field = ((field + 7) & ~7) + 8;
  return at + field < end ? data[at + field]! : 0;
}

/** Prism: a message code and the header length, in the byte order of the capturing host. AVS: a magic number and the length, big-endian. */
export function decodePrism(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 8 > end) return truncated(counters);
  const isAvs = data.readUInt32BE(at) >>> 12 === 0x80211;
  const length = isAvs || data[at + 4] === 0 ? data.readUInt32BE(at + 4) : data.readUInt32LE(at + 4);
  if (length < 8 || length > end - at) return fail('wlan/bad_header', counters);
  view.payloadStart = at + length;
  return layer.WLAN;
}

function fail(reason: Parameters<CaptureCounters['count']>[0], counters: CaptureCounters): layer.Layer {
  counters.count(reason);
  return layer.FAILED;
}
