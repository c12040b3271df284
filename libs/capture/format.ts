import type { CaptureError } from './error.ts';
import type { PacketView } from './view.ts';

export interface CaptureReaderOptions {
  /** A record or packet longer than this is taken for damage. Default 262,144, as in Wireshark. */
  readonly maxPacketBytes?: number;
  /** A pcapng block longer than this is taken for damage. Default 16 MiB, as in Wireshark. */
  readonly maxBlockBytes?: number;
  /** Time of packets that have none, before any that has one, such as that of the file, µs since 1970. Default 0. */
  readonly untimedMicros?: number;
}

/** A capture file format, being read. */
export interface CaptureFormat {
  /** The next packet into the view; false: more input is needed, or `problem` is set. */
  next(view: PacketView): boolean;
  /** Why nothing behind it can be read. */
  readonly problem: CaptureError | null;
}
