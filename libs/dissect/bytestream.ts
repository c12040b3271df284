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
  /** The packets in the run, oldest first: offset in the whole stream at which each ends, its number and its time. */
  #ends: number[] = [];
  #frames: number[] = [];
  #micros: number[] = [];
  /** Index of the packet that holds `start`. */
  #first = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Appends the bytes that packet number `frame`, seen at `micros`, brought. */
  append(bytes: Buffer, frame: number, micros: number): void {
    if (bytes.length === 0) return;
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
    this.#ends.push(this.#consumed + this.end - this.start);
    this.#frames.push(frame);
    this.#micros.push(micros);
  }

  /** Appends the first `length` bytes of another run, with their packets; the other keeps them. */
  appendFrom(other: ByteStream, length: number): void {
    let position = 0;
    let packet = other.#first;
    while (position < length) {
      const end = Math.min(other.#ends[packet]! - other.#consumed, length);
      if (end > position) this.#appendCopy(other.buffer.subarray(other.start + position, other.start + end), other.#frames[packet]!, other.#micros[packet]!);
      position = end;
      packet++;
    }
  }

  /** Makes the left-over bytes the run's own. */
  settle(): void {
    if (this.#owned || this.start === this.end) return;
    const length = this.end - this.start;
    const own = Buffer.allocUnsafe(Math.max(2 * length, 1024));
    this.buffer.copy(own, 0, this.start, this.end);
    this.buffer = own;
    this.start = 0;
    this.end = length;
    this.#owned = true;
  }

  consume(length: number): void {
    this.start += length;
    this.#consumed += length;
    if (this.start === this.end) {
      this.#ends.length = this.#frames.length = this.#micros.length = this.#first = 0;
      // A run that is empty keeps nobody else's memory.
      if (!this.#owned) this.buffer = empty;
      this.start = this.end = 0;
      this.#owned = true;
      return;
    }
    while (this.#ends[this.#first]! <= this.#consumed) this.#first++;
    if (this.#first > 64) this.#forgetPackets();
  }

  clear(): void {
    this.consume(this.length);
    this.buffer = empty;
    this.start = this.end = 0;
    this.#owned = true;
  }

  /** The bytes, as a view that is valid until the next change. */
  bytes(): Buffer {
    return this.buffer.subarray(this.start, this.end);
  }

  /** Number of the packet that brought the byte at `position`; of the last packet for a position behind the end. */
  frameAt(position: number): number {
    return this.#frames[this.#packetAt(position)] ?? 0;
  }

  /** Time of that packet, in µs. */
  microsAt(position: number): number {
    return this.#micros[this.#packetAt(position)] ?? 0;
  }

  /** Position at which the packet that brought the byte at `position` begins, 0 when that was consumed. */
  packetStart(position: number): number {
    const packet = this.#packetAt(position);
    return packet === this.#first ? 0 : this.#ends[packet - 1]! - this.#consumed;
  }

  /** Position behind the last byte that the packet of the byte at `position` brought. */
  packetEnd(position: number): number {
    return Math.min(this.#ends[this.#packetAt(position)]! - this.#consumed, this.length);
  }

  #packetAt(position: number): number {
    const offset = this.#consumed + position;
    let low = this.#first;
    let high = this.#ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #appendCopy(bytes: Buffer, frame: number, micros: number): void {
    if (this.start === this.end && this.#owned) this.start = this.end = 0;
    this.#reserve(bytes.length);
    bytes.copy(this.buffer, this.end);
    this.end += bytes.length;
    this.#ends.push(this.#consumed + this.end - this.start);
    this.#frames.push(frame);
    this.#micros.push(micros);
  }

  /** Makes room for `length` bytes behind the end. */
  #reserve(length: number): void {
    if (this.#owned && this.end + length <= this.buffer.length) return;
    const kept = this.end - this.start;
    if (this.#owned && kept + length <= this.buffer.length / 2) {
      this.buffer.copyWithin(0, this.start, this.end);
    } else {
      const larger = Buffer.allocUnsafe(Math.max(2 * (kept + length), 1024));
      this.buffer.copy(larger, 0, this.start, this.end);
      this.buffer = larger;
      this.#owned = true;
    }
    this.start = 0;
    this.end = kept;
  }

  #forgetPackets(): void {
    this.#ends.splice(0, this.#first);
    this.#frames.splice(0, this.#first);
    this.#micros.splice(0, this.#first);
    this.#first = 0;
  }
}

const empty = Buffer.alloc(0);
