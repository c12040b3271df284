const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;

/** What a timestamp of an interface counts: ticks per second, and seconds to add. */
export interface InterfaceClock {
  readonly ticksPerSecond: bigint;
  readonly offsetMicros: number;
  /** Ticks per microsecond where that is 1 or 1000 (nearly always), else 0. */
  readonly ticksPerMicro: number;
}

export interface InterfaceDescription {
  readonly linkType: number;
  /** 0 is no limit. */
  readonly snapLength: number;
  readonly clock: InterfaceClock;
}

export const microsecondClock: InterfaceClock = { ticksPerSecond: 1_000_000n, offsetMicros: 0, ticksPerMicro: 1 };

/** The body of an interface description block; undefined when it is too short. Options that run over it end the list. */
export function parseInterface(buffer: Buffer, body: number, end: number, littleEndian: boolean): InterfaceDescription | undefined {
  if (end - body < 8) return undefined;
  const uint16 = (at: number) => (littleEndian ? buffer.readUInt16LE(at) : buffer.readUInt16BE(at));
  const uint32 = (at: number) => (littleEndian ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at));

  let resolution = 6;
  let offsetSeconds = 0n;
  for (let at = body + 8; at + 4 <= end; ) {
    const code = uint16(at);
    const length = uint16(at + 2);
    const value = at + 4;
    if (code === OPTION_END || value + length > end) break;
    if (code === OPTION_TIME_RESOLUTION && length === 1) resolution = buffer[value]!;
    if (code === OPTION_TIME_OFFSET && length === 8) {
      offsetSeconds = littleEndian ? buffer.readBigInt64LE(value) : buffer.readBigInt64BE(value);
    }
    at = value + length + (-length & 3);
  }
  return { linkType: uint16(body), snapLength: uint32(body + 4), clock: clockOf(resolution, offsetSeconds) };
}

/** if_tsresol: the high bit chooses a power of 2, else of 10; the rest is the negative exponent. */
function clockOf(resolution: number, offsetSeconds: bigint): InterfaceClock {
  const ticksPerSecond = (resolution & 0x80 ? 2n : 10n) ** BigInt(resolution & 0x7f);
  const ticksPerMicro = ticksPerSecond === 1_000_000n ? 1 : ticksPerSecond === 1_000_000_000n ? 1000 : 0;
  return { ticksPerSecond, offsetMicros: Number(offsetSeconds) * 1e6, ticksPerMicro };
}

/** µs since 1970 of a 64-bit timestamp; outside the safe integers it is not exact and the caller refuses it. */
export function microsOf(high: number, low: number, clock: InterfaceClock): number {
  const { ticksPerMicro } = clock;
  if (ticksPerMicro === 0) {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    return Number((ticks * 1_000_000n) / clock.ticksPerSecond) + clock.offsetMicros;
  }
  // Divided in two steps, because nanoseconds since 1970 exceed 2^53.
  const remainder = (high % ticksPerMicro) * 0x1_0000_0000 + low;
  return Math.floor(high / ticksPerMicro) * 0x1_0000_0000 + Math.floor(remainder / ticksPerMicro) + clock.offsetMicros;
}
