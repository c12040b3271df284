import { giveBack, keptCopy } from '#capture';

/**
 * A run of bytes that records which packet brought each of them.
 *
 * There is one per direction of a TCP flow: packets are appended at its end, dissectors consume from its start. Message bodies are
 * collected in another. Positions are relative to the first byte that is not yet consumed.
 *
 * `append` refers to the caller's bytes without copying them if the run was empty; `settle` copies what is left over, and must be called
 * before the caller reuses its buffer.
 */
export class ByteStream {
  /** Holds the bytes from `start` to `end`. Replaced by `append` and `settle`. */
  buffer: Buffer = empty;
  start = 0;
  end = 0;

  #owned = true;
  /** Offset of `start` in the whole stream. */
  #consumed = 0;
  /** The newest packet of the run: its end as an offset in the whole stream, its number and its time. Most runs have only this one. */
  #newestEnd = 0;
  #newestFrame = 0;
  #newestMicros = 0;
  /** The packets before it, oldest first, each as end, number and time. */
  #older: number[] = noPackets;
  /** Index in `#older` of the packet that contains `start`; its length if that is the newest packet. */
  #first = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Bytes of memory held after {@link settle}. */
  get heldBytes(): number {
    return this.buffer.length;
  }

  /** Appends the bytes that packet number `frame`, seen at `micros`, brought. */
  append(bytes: Buffer, frame: number, micros: number): void {
    if (bytes.length === 0) return;
    this.#addPacket(bytes.length, frame, micros);
    if (this.start === this.end) {
      this.buffer = bytes;
      this.start = 0;
      this.end = bytes.length;
      this.#owned = false;
    } else {
      this.#reserve(bytes.length);
      bytes.copy(this.buffer, this.end);
      this.end += bytes.length;
    }
  }

  /** Appends the first `length` bytes of another run, with their packets; the other run keeps them. */
  appendFrom(other: ByteStream, length: number): void {
    this.#reserve(length);
    let position = 0;
    for (let packet = other.#first; position < length; packet += MARKS) {
      const end = Math.min(other.#endOf(packet) - other.#consumed, length);
      if (end > position)
        this.#appendCopy(other.buffer.subarray(other.start + position, other.start + end), other.#frameOf(packet), other.#microsOf(packet));
      position = end;
    }
  }

  /** Copies the left-over bytes into memory of the run's own. */
  settle(): void {
    if (this.#owned || this.start === this.end) return;
    const length = this.end - this.start;
    this.buffer = keptCopy(this.bytes());
    this.start = 0;
    this.end = length;
    this.#owned = true;
  }

  consume(length: number): void {
    this.start += length;
    this.#consumed += length;
    if (this.start === this.end) {
      this.#older = noPackets;
      this.#first = this.#newestFrame = this.#newestMicros = 0;
      // An empty run holds no memory: neither the caller's nor, in a flow that may stay silent for long, its own.
      this.#replaceBuffer(empty);
      this.start = this.end = 0;
      return;
    }
    while (this.#first < this.#older.length && this.#older[this.#first]! <= this.#consumed) this.#first += MARKS;
    if (this.#first > 64 * MARKS) this.#forgetPackets();
  }

  clear(): void {
    this.consume(this.length);
  }

  /** The bytes, as a view that is valid until the next change. */
  bytes(): Buffer {
    if (this.start === 0 && this.end === this.buffer.length) return this.buffer;
    return this.buffer.subarray(this.start, this.end);
  }

  /** Number of the packet that brought the byte at `position`; of the last packet for a position past the end. */
  frameAt(position: number): number {
    return this.#frameOf(this.#packetAt(position));
  }

  /** Time of that packet, in µs. */
  microsAt(position: number): number {
    return this.#microsOf(this.#packetAt(position));
  }

  /** Position of the first byte of the packet that brought the byte at `position`, 0 if that was consumed. */
  packetStart(position: number): number {
    const packet = this.#packetAt(position);
    return packet === this.#first ? 0 : this.#endOf(packet - MARKS) - this.#consumed;
  }

  /** Position after the last byte of the packet that brought the byte at `position`. */
  packetEnd(position: number): number {
    return Math.min(this.#endOf(this.#packetAt(position)) - this.#consumed, this.length);
  }

  /** Index in `#older` of the packet that brought the byte at `position`; its length for the newest packet. */
  #packetAt(position: number): number {
    const offset = this.#consumed + position;
    let low = this.#first / MARKS;
    let high = this.#older.length / MARKS;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#older[middle * MARKS]! > offset) high = middle;
      else low = middle + 1;
    }
    return low * MARKS;
  }

  #endOf(packet: number): number {
    return packet < this.#older.length ? this.#older[packet]! : this.#newestEnd;
  }

  #frameOf(packet: number): number {
    return packet < this.#older.length ? this.#older[packet + 1]! : this.#newestFrame;
  }

  #microsOf(packet: number): number {
    return packet < this.#older.length ? this.#older[packet + 2]! : this.#newestMicros;
  }

  /** Records the packet that brings the next `length` bytes. */
  #addPacket(length: number, frame: number, micros: number): void {
    if (this.start < this.end) {
      if (this.#older === noPackets) this.#older = [];
      this.#older.push(this.#newestEnd, this.#newestFrame, this.#newestMicros);
    }
    this.#newestEnd = this.#consumed + this.end - this.start + length;
    this.#newestFrame = frame;
    this.#newestMicros = micros;
  }

  #appendCopy(bytes: Buffer, frame: number, micros: number): void {
    this.#addPacket(bytes.length, frame, micros);
    if (this.start === this.end && this.#owned) this.start = this.end = 0;
    this.#reserve(bytes.length);
    bytes.copy(this.buffer, this.end);
    this.end += bytes.length;
  }

  /** Makes room for `length` bytes at the end. */
  #reserve(length: number): void {
    if (this.#owned && this.end + length <= this.buffer.length) return;
    const kept = this.end - this.start;
    if (this.#owned && kept + length <= this.buffer.length / 2) {
      this.buffer.copyWithin(0, this.start, this.end);
    } else {
      // A run that has grown once will grow again; many are appended to only once.
      const larger = Buffer.allocUnsafeSlow(kept === 0 ? length : 2 * (kept + length));
      this.buffer.copy(larger, 0, this.start, this.end);
      this.#replaceBuffer(larger);
    }
    this.start = 0;
    this.end = kept;
  }

  /** Continues with a buffer of the run's own. */
  #replaceBuffer(own: Buffer): void {
    if (this.#owned && this.buffer !== empty) spent.push(this.buffer);
    this.buffer = own;
    this.#owned = true;
  }

  #forgetPackets(): void {
    this.#older.splice(0, this.#first);
    this.#first = 0;
  }
}

/** Buffers that runs no longer need. */
const spent: Buffer[] = [];

/** Gives back the memory of all runs that were emptied or outgrew it, once nobody uses a view of their bytes any more. */
export function releaseSpent(): void {
  for (let buffer = spent.pop(); buffer !== undefined; buffer = spent.pop()) giveBack(buffer);
}

/** Numbers stored per packet. */
const MARKS = 3;
const empty = Buffer.alloc(0);
/** Never written to. */
const noPackets: number[] = [];
