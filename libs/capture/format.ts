import type { CaptureError } from './error.ts';
import type { PacketView } from './view.ts';

/** A capture file format, being read. */
export interface CaptureFormat {
  /** The next packet into the view; false: more input is needed, or `problem` is set. */
  next(view: PacketView): boolean;
  /** Why nothing behind it can be read. */
  readonly problem: CaptureError | null;
}
