import { keptCopy } from '#capture';

/**
 * A run of bytes that knows for each of them which packet brought it.
 *
 * One stands per direction of a TCP flow: packets are appended at its end, dissectors consume from its start. Message bodies
 * are collected in another. Positions are counted from the start of the bytes not yet consumed.
 *
 * `append` refers to the caller's bytes without copying them as long as the run was empty; `settle` copies what was left over,
 * and must be called before the caller reuses its buffer.
 */
export class ByteStream {
  /** Holds the bytes from `start` to `end`. Replaced by `append` and `settle`. */
  buffer: Buffer = empty;
  start = 0;
  end = 0;

  #owned = true;
  /** Offset of `start` in the whole stream. */
  #consumed = 0;
  /** The newest packet of the run: offset in the whole stream at which it ends, its number and its time. Most runs have no other. */
  #newestEnd = 0;
  #newestFrame = 0;
  #newestMicros = 0;
  /** The packets before it, oldest first, each as its end, number and time. */
  #older: number[] = noPackets;
  /** Index in `#older` of the packet that holds `start`; its length when that is the newest. */
  #first = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Bytes of memory that it keeps, after {@link settle}. */
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

  /** Appends the first `length` bytes of another run, with their packets; the other keeps them. */
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

  /** Makes the left-over bytes the run's own. */
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
      // A run that is empty keeps no memory: neither the caller's nor, in a flow that may stay silent for long, its own.
      this.buffer = empty;
      this.start = this.end = 0;
      this.#owned = true;
      return;
    }
    while (this.#first < this.#older.length && this.#older[this.#first]! <= this.#consumed) this.#first += MARKS;
    if (this.#first > 64 * MARKS) this.#forgetPackets();
  }

  clear(): void {
    this.consume(this.length);
    this.buffer = empty;
    this.start = this.end = 0;
    this.#owned = true;
  }

  /** The bytes, as a view that is valid until the next change. */
  bytes(): Buffer {
    if (this.start === 0 && this.end === this.buffer.length) return this.buffer;
    return this.buffer.subarray(this.start, this.end);
  }

  /** Number of the packet that brought the byte at `position`; of the last packet for a position behind the end. */
  frameAt(position: number): number {
    return this.#frameOf(this.#packetAt(position));
  }

  /** Time of that packet, in µs. */
  microsAt(position: number): number {
    return this.#microsOf(this.#packetAt(position));
  }

  /** Position at which the packet that brought the byte at `position` begins, 0 when that was consumed. */
  packetStart(position: number): number {
    const packet = this.#packetAt(position);
    return packet === this.#first ? 0 : this.#endOf(packet - MARKS) - this.#consumed;
  }

  /** Position behind the last byte that the packet of the byte at `position` brought. */
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

  /** The packet that brings the next `length` bytes. */
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

  /** Makes room for `length` bytes behind the end. */
  #reserve(length: number): void {
    if (this.#owned && this.end + length <= this.buffer.length) return;
    const kept = this.end - this.start;
    if (this.#owned && kept + length <= this.buffer.length / 2) {
      this.buffer.copyWithin(0, this.start, this.end);
    } else {
      // A run that has grown will grow again; many a one is appended to once.
      const larger = Buffer.allocUnsafeSlow(kept === 0 ? length : 2 * (kept + length));
      this.buffer.copy(larger, 0, this.start, this.end);
      this.buffer = larger;
      this.#owned = true;
    }
    this.start = 0;
    this.end = kept;
  }

  #forgetPackets(): void {
    this.#older.splice(0, this.#first);
    this.#first = 0;
  }
}

/** Numbers that stand for one packet. */
const MARKS = 3;
const empty = Buffer.alloc(0);
/** Never written to. */
const noPackets: number[] = [];
