import type { CaptureCounters } from './counters.ts';
import { CaptureError } from './error.ts';
import type { CaptureFormat, CaptureReaderOptions } from './format.ts';
import { InputQueue } from './input.ts';
import { isPcap, PcapFormat } from './pcap.ts';
import { isPcapng, PcapngFormat } from './pcapng.ts';
import type { PacketView } from './view.ts';

/**
 * Reads pcap and pcapng, distinguished by content: push chunks of any size in, pull packets out.
 *
 * ```ts
 * for (const chunk of chunks) { reader.push(chunk); while (reader.next(view)) use(view); }
 * reader.finish(); while (reader.next(view)) use(view);
 * ```
 *
 * A pushed chunk is read in place: leave it unchanged until `next` has returned false, after which it may be reused. Memory is bounded by one chunk
 * and one block.
 */
export class CaptureReader {
  readonly #counters: CaptureCounters;
  readonly #options: Required<CaptureReaderOptions>;
  readonly #input = new InputQueue();
  #format: CaptureFormat | null = null;

  constructor(counters: CaptureCounters, options: CaptureReaderOptions = {}) {
    this.#counters = counters;
    this.#options = { maxPacketBytes: 262_144, maxBlockBytes: 16 * 1024 * 1024, untimedMicros: 0, ...options };
  }

  /** Set once the rest of the input cannot be read: it ends inside a record, or is damaged. What was read before that is valid. */
  get problem(): CaptureError | null {
    return this.#format?.problem ?? null;
  }

  push(chunk: Buffer): void {
    if (!this.problem) this.#input.push(chunk);
  }

  /** There is no more input. */
  finish(): void {
    this.#input.ended = true;
  }

  /**
   * Reads the next packet into `view`. False: push more, or (after `finish`) everything has been read.
   * @throws CaptureError if the input is not a capture, or has an unknown version.
   */
  next(view: PacketView): boolean {
    this.#format ??= this.#detect();
    if (!this.#format || this.#format.problem) return false;
    if (this.#format.next(view)) return true;
    if (this.#format.problem) this.#input.clear();
    else this.#input.release();
    return false;
  }

  #detect(): CaptureFormat | null {
    const input = this.#input;
    if (!input.has(4)) {
      if (!input.ended) return null;
      throw input.available === 0 ? new CaptureError('empty', 0, 'the input is empty') : notACapture();
    }
    const magic = input.buffer.readUInt32LE(input.position);
    const { maxPacketBytes } = this.#options;
    if (isPcap(magic)) return new PcapFormat(input, this.#counters, maxPacketBytes);
    if (isPcapng(magic)) return new PcapngFormat(input, this.#counters, this.#options);
    if ((magic & 0xffff) === 0x8b1f) throw new CaptureError('compressed', 0, 'the input is packed by gzip: unpack it first');
    throw notACapture();
  }
}

function notACapture(): CaptureError {
  return new CaptureError(
    'not_a_capture',
    0,
    'the input is neither a capture (pcap or pcapng) nor a log or flow export that Telltale knows; unpack archives first',
  );
}
