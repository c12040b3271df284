import type { CaptureError } from './error.ts';
import type { PacketView } from './view.ts';

export interface CaptureReaderOptions {
  /** A longer record or packet is considered damaged. Default 262,144, as in Wireshark. */
  readonly maxPacketBytes?: number;
  /** A longer pcapng block is considered damaged. Default 16 MiB, as in Wireshark. */
  readonly maxBlockBytes?: number;
  /** Time for packets without a timestamp that precede any with one, such as the time of the file, µs since 1970. Default 0. */
  readonly untimedMicros?: number;
}

/** A capture file format, being read. */
export interface CaptureFormat {
  /** Reads the next packet into the view; false: more input is needed, or `problem` is set. */
  next(view: PacketView): boolean;
  /** Why nothing after it can be read. */
  readonly problem: CaptureError | null;
}
