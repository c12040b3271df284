import type { CaptureCounters } from './counters.ts';
import { CaptureError } from './error.ts';
import type { CaptureFormat, CaptureReaderOptions } from './format.ts';
import type { InputQueue } from './input.ts';
import { microsOf, microsecondClock, parseInterface, parseStatistics, type InterfaceDescription } from './pcapng-interface.ts';
import type { PacketView } from './view.ts';

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const PACKET = 2;
const SIMPLE_PACKET = 3;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Interfaces per section: one per process and network namespace is usual, thousands are an attack. */
const MAX_INTERFACES = 4096;

export function isPcapng(magic: number): boolean {
  return magic === SECTION_HEADER;
}

/** pcapng: https://datatracker.ietf.org/doc/html/draft-ietf-opsawg-pcapng */
export class PcapngFormat implements CaptureFormat {
  problem: CaptureError | null = null;
  readonly #input: InputQueue;
  readonly #counters: CaptureCounters;
  readonly #maxPacketBytes: number;
  readonly #maxBlockBytes: number;
  #littleEndian = true;
  #interfaces: InterfaceDescription[] = [];
  #frame = 0;
  #lastMicros: number;

  constructor(input: InputQueue, counters: CaptureCounters, { maxPacketBytes, maxBlockBytes, untimedMicros }: Required<CaptureReaderOptions>) {
    this.#input = input;
    this.#counters = counters;
    this.#maxPacketBytes = maxPacketBytes;
    this.#maxBlockBytes = maxBlockBytes;
    this.#lastMicros = untimedMicros;
  }

  next(view: PacketView): boolean {
    const input = this.#input;
    for (;;) {
      if (!input.has(12)) return this.#exhausted();
      const isSection = input.buffer.readUInt32LE(input.position) === SECTION_HEADER; // the same in both byte orders
      if (isSection && !this.#readByteOrder()) return false;
      const length = this.#uint32(input.position + 4);
      if (length < (isSection ? 28 : 12) || length % 4 !== 0 || length > this.#maxBlockBytes) {
        return this.#badBlock(`a block claims a length of ${length} bytes, which no block of its kind can have`);
      }
      if (!input.has(length)) return this.#exhausted();
      if (this.#uint32(input.position + length - 4) !== length)
        return this.#badBlock('the lengths at the beginning and at the end of a block differ');

      const start = input.position;
      input.take(length);
      if (isSection) {
        if (!this.#startSection(start)) return false;
      } else if (this.#readBlock(view, start, start + length - 4)) return true;
    }
  }

  /** Reads a block of the current section, its body from `start + 8` to `end`. True if it is a packet, which is now in the view. */
  #readBlock(view: PacketView, start: number, end: number): boolean {
    const body = start + 8;
    switch (this.#uint32(start)) {
      case INTERFACE_DESCRIPTION:
        this.#describeInterface(body, end);
        return false;
      case ENHANCED_PACKET:
        if (end - body < 20) return this.#badPacket();
        return this.#packet(view, this.#uint32(body), body + 4, body + 20, end);
      case PACKET:
        if (end - body < 20) return this.#badPacket();
        return this.#packet(view, this.#uint16(body), body + 4, body + 20, end);
      case SIMPLE_PACKET:
        if (end - body < 4) return this.#badPacket();
        return this.#simplePacket(view, body, end);
      case INTERFACE_STATISTICS:
        this.#countDrops(body, end);
        return false;
      default:
        return false;
    }
  }

  /** Enhanced and old packet blocks, which differ only in how they refer to their interface. */
  #packet(view: PacketView, interfaceId: number, times: number, data: number, end: number): boolean {
    const capturedLength = this.#uint32(times + 8);
    if (capturedLength > end - data || capturedLength > this.#maxPacketBytes) return this.#badPacket();
    const description = this.#interfaces[interfaceId];
    if (!description) return this.#unknownInterface();
    const micros = microsOf(this.#uint32(times), this.#uint32(times + 4), description.clock);
    if (micros >= 0 && micros <= Number.MAX_SAFE_INTEGER) this.#lastMicros = micros;
    else this.#counters.count('pcapng/bad_time');
    return this.#deliver(view, description, data, capturedLength, this.#uint32(times + 12));
  }

  /** A simple packet block belongs to the first interface and has no time: it gets that of the packet before it, or else that of the file. */
  #simplePacket(view: PacketView, body: number, end: number): boolean {
    const description = this.#interfaces[0];
    if (!description) return this.#unknownInterface();
    const wireLength = this.#uint32(body);
    const snapLength = description.snapLength === 0 ? wireLength : description.snapLength;
    const capturedLength = Math.min(wireLength, snapLength);
    if (capturedLength > end - body - 4 || capturedLength > this.#maxPacketBytes) return this.#badPacket();
    this.#counters.count('pcapng/no_time');
    return this.#deliver(view, description, body + 4, capturedLength, wireLength);
  }

  #deliver(view: PacketView, description: InterfaceDescription, start: number, capturedLength: number, wireLength: number): true {
    view.frame = ++this.#frame;
    view.micros = this.#lastMicros;
    view.data = this.#input.buffer;
    view.start = start;
    view.capturedLength = capturedLength;
    view.wireLength = wireLength;
    view.linkType = description.linkType;
    this.#counters.packets++;
    this.#counters.bytes += capturedLength;
    return true;
  }

  #readByteOrder(): boolean {
    const { buffer, position } = this.#input;
    const magic = buffer.readUInt32LE(position + 8);
    if (magic === BYTE_ORDER_MAGIC) this.#littleEndian = true;
    else if (buffer.readUInt32BE(position + 8) === BYTE_ORDER_MAGIC) this.#littleEndian = false;
    else if (this.#input.offset === 0)
      throw new CaptureError('not_a_capture', 8, 'the input begins like a pcapng file, but lacks its byte-order magic');
    else return this.#badBlock('a section has no byte-order magic');
    return true;
  }

  /** Starts a section; each has its own interfaces. */
  #startSection(start: number): boolean {
    this.#interfaces = [];
    const major = this.#uint16(start + 12);
    if (major === 1) return true;
    const error = new CaptureError(
      'unsupported_version', this.#input.offset, `the section has pcapng version ${major}, and only version 1 can be read`,
    );
    if (this.#frame === 0) throw error;
    this.#counters.count('pcapng/bad_block');
    this.problem = error;
    return false;
  }

  #describeInterface(body: number, end: number): void {
    if (this.#interfaces.length >= MAX_INTERFACES) return this.#counters.count('pcapng/too_many_interfaces');
    const description = parseInterface(this.#input.buffer, body, end, this.#littleEndian);
    if (!description) this.#counters.count('pcapng/bad_block');
    // An entry is added even so, since packets refer to their interface by index.
    this.#interfaces.push(description ?? { linkType: -1, snapLength: 0, clock: microsecondClock, drops: { interface: 0, kernel: 0 } });
  }

  /** Statistics count from the start of the capture, so the increase since the previous block is added. */
  #countDrops(body: number, end: number): void {
    const statistics = parseStatistics(this.#input.buffer, body, end, this.#littleEndian);
    const known = statistics && this.#interfaces[statistics.interfaceId]?.drops;
    if (!statistics || !known) return this.#counters.count('pcapng/bad_block');
    this.#counters.interfaceDrops += Math.max(0, statistics.interface - known.interface);
    this.#counters.kernelDrops += Math.max(0, statistics.kernel - known.kernel);
    known.interface = Math.max(known.interface, statistics.interface);
    known.kernel = Math.max(known.kernel, statistics.kernel);
  }

  #badPacket(): false {
    this.#counters.count('pcapng/bad_block');
    this.#frame++;
    return false;
  }

  #unknownInterface(): false {
    this.#counters.count('pcapng/unknown_interface');
    this.#frame++;
    return false;
  }

  #badBlock(message: string): false {
    this.#counters.count('pcapng/bad_block');
    this.problem = new CaptureError('bad_block', this.#input.offset, message);
    return false;
  }

  #exhausted(): false {
    const input = this.#input;
    if (!input.ended || input.available === 0) return false;
    this.#counters.count('pcapng/truncated');
    this.problem = new CaptureError('truncated', input.offset, 'the capture ends inside a block');
    return false;
  }

  #uint32(offset: number): number {
    const { buffer } = this.#input;
    return this.#littleEndian ? buffer.readUInt32LE(offset) : buffer.readUInt32BE(offset);
  }

  #uint16(offset: number): number {
    const { buffer } = this.#input;
    return this.#littleEndian ? buffer.readUInt16LE(offset) : buffer.readUInt16BE(offset);
  }
}
