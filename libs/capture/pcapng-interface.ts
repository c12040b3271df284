const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;
/** Option codes of a statistics block. */
const OPTION_INTERFACE_DROPS = 5;
const OPTION_KERNEL_DROPS = 7;

/** The clock of an interface's timestamps: ticks per second, and seconds to add. */
export interface InterfaceClock {
  readonly ticksPerSecond: bigint;
  readonly offsetMicros: number;
  /** Ticks per microsecond if that is 1 or 1000 (nearly always), else 0. */
  readonly ticksPerMicro: number;
}

export interface InterfaceDescription {
  readonly linkType: number;
  /** 0 means no limit. */
  readonly snapLength: number;
  readonly clock: InterfaceClock;
  /** The latest counts from its statistics blocks. */
  readonly drops: CaptureDrops;
}

/**
 * Packets that were on the wire and are missing from the capture: dropped by the interface, or because the capturing program was too slow.
 * dumpcap counts the latter among the former.
 */
export interface CaptureDrops {
  interface: number;
  kernel: number;
}

export const microsecondClock: InterfaceClock = { ticksPerSecond: 1_000_000n, offsetMicros: 0, ticksPerMicro: 1 };

/** Parses the body of an interface description block; undefined if it is too short. An option that extends past the block ends the list. */
export function parseInterface(buffer: Buffer, body: number, end: number, littleEndian: boolean): InterfaceDescription | undefined {
  if (end - body < 8) return undefined;
  const uint16 = (at: number) => (littleEndian ? buffer.readUInt16LE(at) : buffer.readUInt16BE(at));
  const uint32 = (at: number) => (littleEndian ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at));

  let resolution = 6;
  let offsetSeconds = 0n;
  forEachOption(buffer, body + 8, end, littleEndian, (code, value, length) => {
    if (code === OPTION_TIME_RESOLUTION && length === 1) resolution = buffer[value]!;
    if (code === OPTION_TIME_OFFSET && length === 8) offsetSeconds = littleEndian ? buffer.readBigInt64LE(value) : buffer.readBigInt64BE(value);
  });
  return { linkType: uint16(body), snapLength: uint32(body + 4), clock: clockOf(resolution, offsetSeconds), drops: { interface: 0, kernel: 0 } };
}

/** Parses the body of an interface statistics block (`isb_ifdrop`, `isb_osdrop`); undefined if it is too short. A missing count is 0. */
export function parseStatistics(
  buffer: Buffer,
  body: number,
  end: number,
  littleEndian: boolean,
): (CaptureDrops & { interfaceId: number }) | undefined {
  if (end - body < 12) return undefined;
  const statistics = { interfaceId: littleEndian ? buffer.readUInt32LE(body) : buffer.readUInt32BE(body), interface: 0, kernel: 0 };
  forEachOption(buffer, body + 12, end, littleEndian, (code, value, length) => {
    if (length !== 8) return;
    const count = Number(littleEndian ? buffer.readBigUInt64LE(value) : buffer.readBigUInt64BE(value));
    // libpcap counts in 32 bits; all ones mean that the operating system does not provide the count.
    if (count > 0xffff_fffe) return;
    if (code === OPTION_INTERFACE_DROPS) statistics.interface = count;
    if (code === OPTION_KERNEL_DROPS) statistics.kernel = count;
  });
  return statistics;
}

/** Calls back with code, position and length of each option's value. An option that extends past the block ends the list. */
function forEachOption(
  buffer: Buffer,
  start: number,
  end: number,
  littleEndian: boolean,
  onOption: (code: number, value: number, length: number) => void,
): void {
  const uint16 = (at: number) => (littleEndian ? buffer.readUInt16LE(at) : buffer.readUInt16BE(at));
  for (let at = start; at + 4 <= end; ) {
    const code = uint16(at);
    const length = uint16(at + 2);
    const value = at + 4;
    if (code === OPTION_END || value + length > end) return;
    onOption(code, value, length);
    at = value + length + (-length & 3);
  }
}

/** if_tsresol: the high bit selects a power of 2 rather than 10; the rest is the negative exponent. */
function clockOf(resolution: number, offsetSeconds: bigint): InterfaceClock {
  const ticksPerSecond = (resolution & 0x80 ? 2n : 10n) ** BigInt(resolution & 0x7f);
  const ticksPerMicro = ticksPerSecond === 1_000_000n ? 1 : ticksPerSecond === 1_000_000_000n ? 1000 : 0;
  return { ticksPerSecond, offsetMicros: Number(offsetSeconds) * 1e6, ticksPerMicro };
}

/** µs since 1970 of a 64-bit timestamp; beyond the safe integers it is inexact, and the caller rejects it. */
export function microsOf(high: number, low: number, clock: InterfaceClock): number {
  const { ticksPerMicro } = clock;
  if (ticksPerMicro === 0) {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    return Number((ticks * 1_000_000n) / clock.ticksPerSecond) + clock.offsetMicros;
  }
  // Divided in two steps, since nanoseconds since 1970 exceed 2^53.
  const remainder = (high % ticksPerMicro) * 0x1_0000_0000 + low;
  return Math.floor(high / ticksPerMicro) * 0x1_0000_0000 + Math.floor(remainder / ticksPerMicro) + clock.offsetMicros;
}
