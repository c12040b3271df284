/** A link frame and its time, µs since 1970. */
export interface BuiltFrame {
  readonly micros: number;
  readonly bytes: Buffer;
}

export interface FileOptions {
  /** Default true. */
  readonly littleEndian?: boolean;
  /** Times in nanoseconds. Default false: microseconds. */
  readonly nanoseconds?: boolean;
  /** Frames are truncated to this length. Default 262,144. */
  readonly snapLength?: number;
}

/** https://datatracker.ietf.org/doc/html/draft-ietf-opsawg-pcap */
export function writePcap(frames: readonly BuiltFrame[], linkType: number, options: FileOptions = {}): Buffer {
  const { nanoseconds = false, snapLength = 262_144 } = options;
  const { uint16, uint32 } = writers(options.littleEndian ?? true);
  const parts = [uint32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4), uint16(2), uint16(4), uint32(0), uint32(0), uint32(snapLength), uint32(linkType)];
  for (const { micros, bytes } of frames) {
    const captured = bytes.subarray(0, snapLength);
    const fraction = (micros % 1e6) * (nanoseconds ? 1000 : 1);
    parts.push(uint32(Math.floor(micros / 1e6)), uint32(fraction), uint32(captured.length), uint32(bytes.length), captured);
  }
  return Buffer.concat(parts);
}

/** One section, one interface, enhanced packet blocks: https://datatracker.ietf.org/doc/html/draft-ietf-opsawg-pcapng */
export function writePcapng(frames: readonly BuiltFrame[], linkType: number, options: FileOptions = {}): Buffer {
  const { nanoseconds = false, snapLength = 262_144 } = options;
  const { uint16, uint32 } = writers(options.littleEndian ?? true);
  const block = (type: number, ...body: Buffer[]) => {
    const length = body.reduce((sum, part) => sum + part.length, 12);
    return Buffer.concat([uint32(type), uint32(length), ...body, uint32(length)]);
  };
  const resolution = Buffer.from([nanoseconds ? 9 : 6, 0, 0, 0]);
  const parts = [
    block(0x0a0d0d0a, uint32(0x1a2b3c4d), uint16(1), uint16(0), uint32(0xffffffff), uint32(0xffffffff)),
    block(1, uint16(linkType), uint16(0), uint32(snapLength), uint16(9), uint16(1), resolution, uint32(0)),
  ];
  for (const { micros, bytes } of frames) {
    const captured = bytes.subarray(0, snapLength);
    const ticks = BigInt(micros) * (nanoseconds ? 1000n : 1n);
    const padding = Buffer.alloc(-captured.length & 3);
    const times = [uint32(Number(ticks >> 32n)), uint32(Number(ticks & 0xffffffffn))];
    parts.push(block(6, uint32(0), ...times, uint32(captured.length), uint32(bytes.length), captured, padding));
  }
  return Buffer.concat(parts);
}

function writers(littleEndian: boolean): { uint16(value: number): Buffer; uint32(value: number): Buffer } {
  return {
    uint16(value) {
      const bytes = Buffer.alloc(2);
      if (littleEndian) bytes.writeUInt16LE(value);
      else bytes.writeUInt16BE(value);
      return bytes;
    },
    uint32(value) {
      const bytes = Buffer.alloc(4);
      if (littleEndian) bytes.writeUInt32LE(value);
      else bytes.writeUInt32BE(value);
      return bytes;
    },
  };
}
