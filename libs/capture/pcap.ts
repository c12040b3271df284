import type { CaptureCounters } from './counters.ts';
import { CaptureError } from './error.ts';
import type { CaptureFormat } from './format.ts';
import type { InputQueue } from './input.ts';
import type { PacketView } from './view.ts';

const HEADER_LENGTH = 24;
const RECORD_LENGTH = 16;

/** Magic numbers as read in little-endian order, with the byte order and time unit that they denote. */
const magics = new Map([
  [0xa1b2c3d4, { littleEndian: true, nanoseconds: false }],
  [0xd4c3b2a1, { littleEndian: false, nanoseconds: false }],
  [0xa1b23c4d, { littleEndian: true, nanoseconds: true }],
  [0x4d3cb2a1, { littleEndian: false, nanoseconds: true }],
]);

export function isPcap(magic: number): boolean {
  return magics.has(magic);
}

/** Classic pcap: https://datatracker.ietf.org/doc/html/draft-ietf-opsawg-pcap */
export class PcapFormat implements CaptureFormat {
  problem: CaptureError | null = null;
  readonly #input: InputQueue;
  readonly #counters: CaptureCounters;
  readonly #maxPacketBytes: number;
  #littleEndian = true;
  #nanoseconds = false;
  #minorVersion = 4;
  #linkType = -1;
  #frame = 0;

  constructor(input: InputQueue, counters: CaptureCounters, maxPacketBytes: number) {
    this.#input = input;
    this.#counters = counters;
    this.#maxPacketBytes = maxPacketBytes;
  }

  next(view: PacketView): boolean {
    const input = this.#input;
    if (this.#linkType < 0 && !this.#readHeader()) return false;
    if (!input.has(RECORD_LENGTH)) return this.#exhausted();

    const { buffer, position } = input;
    const seconds = this.#uint32(buffer, position);
    const fraction = this.#uint32(buffer, position + 4);
    let capturedLength = this.#uint32(buffer, position + 8);
    let wireLength = this.#uint32(buffer, position + 12);
    // Before version 2.3 the two lengths were the other way round; in 2.3 itself both orders occur.
    if (this.#minorVersion < 3 || (this.#minorVersion === 3 && capturedLength > wireLength)) {
      const swapped = capturedLength;
      capturedLength = wireLength;
      wireLength = swapped;
    }
    if (capturedLength > this.#maxPacketBytes) {
      this.#counters.count('pcap/bad_record');
      return this.#stop(
        new CaptureError(
          'bad_record',
          input.offset,
          `a record claims to hold ${capturedLength} bytes, more than the ${this.#maxPacketBytes} that a packet may have`,
        ),
      );
    }
    if (!input.has(RECORD_LENGTH + capturedLength)) return this.#exhausted();

    view.frame = ++this.#frame;
    view.micros = seconds * 1e6 + (this.#nanoseconds ? Math.floor(fraction / 1000) : fraction);
    view.data = input.buffer;
    view.start = input.position + RECORD_LENGTH;
    view.capturedLength = capturedLength;
    view.wireLength = wireLength;
    view.linkType = this.#linkType;
    input.take(RECORD_LENGTH + capturedLength);
    this.#counters.packets++;
    this.#counters.bytes += capturedLength;
    return true;
  }

  #readHeader(): boolean {
    const input = this.#input;
    if (!input.has(HEADER_LENGTH)) return this.#exhausted();
    const { buffer, position } = input;
    const { littleEndian, nanoseconds } = magics.get(buffer.readUInt32LE(position))!;
    this.#littleEndian = littleEndian;
    this.#nanoseconds = nanoseconds;
    const major = littleEndian ? buffer.readUInt16LE(position + 4) : buffer.readUInt16BE(position + 4);
    this.#minorVersion = littleEndian ? buffer.readUInt16LE(position + 6) : buffer.readUInt16BE(position + 6);
    if (major !== 2)
      throw new CaptureError(
        'unsupported_version', input.offset + 4, `the file has pcap version ${major}.${this.#minorVersion}, and only version 2 can be read`,
      );
    // The upper half is the length of the frame check sequence, which follows the IP packet and does no harm.
    this.#linkType = this.#uint32(buffer, position + 20) & 0xffff;
    input.take(HEADER_LENGTH);
    return true;
  }

  #uint32(buffer: Buffer, offset: number): number {
    const value = this.#littleEndian
      ? buffer[offset]! | (buffer[offset + 1]! << 8) | (buffer[offset + 2]! << 16) | (buffer[offset + 3]! << 24)
      : (buffer[offset]! << 24) | (buffer[offset + 1]! << 16) | (buffer[offset + 2]! << 8) | buffer[offset + 3]!;
    return value >>> 0;
  }

  #exhausted(): false {
    const input = this.#input;
    if (!input.ended || input.available === 0) return false;
    this.#counters.count('pcap/truncated');
    return this.#stop(new CaptureError('truncated', input.offset, 'the capture ends inside a record'));
  }

  #stop(problem: CaptureError): false {
    this.problem = problem;
    return false;
  }
}
