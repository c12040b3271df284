import { CaptureCounters } from '#capture';
import type { IngestCounters } from './counters.ts';
import type { LogEntry } from './entry.ts';
import type { LogReader, LogSource } from './log.ts';
import { NetflowSets, setsLength } from './netflow-sets.ts';
import type { TemplateOptions } from './netflow-templates.ts';
import { NetflowV5, netflowV5Length } from './netflow-v5.ts';
import { isSflow, Sflow } from './sflow.ts';

export interface FlowExportOptions extends Partial<TemplateOptions> {
  counters: IngestCounters;
  /** Counts what could not be decoded in sFlow's sampled packets. */
  capture?: CaptureCounters;
  emit: (entry: LogEntry) => void;
}

/** Decodes datagrams of NetFlow v5 and v9, IPFIX and sFlow v5 into entries. Templates and sequences are kept per exporter and domain. */
export class FlowExportDecoder {
  readonly #counters: IngestCounters;
  readonly #v5: NetflowV5;
  readonly #sets: NetflowSets;
  readonly #sflow: Sflow;

  constructor({ counters, capture = new CaptureCounters(), emit, ...templates }: FlowExportOptions) {
    this.#counters = counters;
    const counted = (entry: LogEntry): void => {
      counters.entries++;
      emit(entry);
    };
    this.#v5 = new NetflowV5(counters, counted);
    this.#sets = new NetflowSets(templates, counters, counted);
    this.#sflow = new Sflow(counters, capture, counted);
  }

  /** Templates and sampling rates, to be restored after a restart: exporters repeat them only every few minutes. */
  snapshot(): string {
    return this.#sets.templates.snapshot();
  }

  /** Grows whenever a snapshot would differ from the previous one. */
  get changes(): number {
    return this.#sets.templates.changes;
  }

  /** Restores a snapshot; false when it is not one. */
  restore(snapshot: string): boolean {
    return this.#sets.templates.restore(snapshot);
  }

  /**
   * Decodes one datagram that `exporter` sent and that arrived at `micros`, which only sFlow needs. Returns how many bytes it took; 0 when
   * it is not a flow export. `bytes` may be reused afterwards.
   */
  datagram(bytes: Buffer, exporter: string, micros: number): number {
    const v5 = netflowV5Length(bytes);
    if (v5 > 0) {
      if (v5 > bytes.length) this.#counters.add('netflow-v5', 'cut datagram');
      this.#v5.datagram(bytes.subarray(0, v5), exporter);
      return Math.min(v5, bytes.length);
    }
    const sets = setsLength(bytes);
    if (sets > 0) {
      this.#sets.datagram(bytes.subarray(0, sets), exporter);
      return Math.min(sets, bytes.length);
    }
    if (!isSflow(bytes)) return 0;
    this.#sflow.datagram(bytes, exporter, micros);
    return bytes.length;
  }
}

/** Whether a file holds bare datagrams of NetFlow or IPFIX, one after the other, as collectors and test tools store them. */
export function isFlowExportFile(start: Buffer): boolean {
  const v5 = netflowV5Length(start);
  if (v5 > 0) return v5 <= start.length;
  const sets = setsLength(start);
  if (sets === 0 || sets > start.length) return false;
  // Export times from 2000 on, and sets that end where the datagram does.
  const isV9 = start.readUInt16BE(0) === 9;
  if (start.readUInt32BE(isV9 ? 8 : 4) < 946_684_800) return false;
  let at = isV9 ? 20 : 16;
  while (at + 4 <= sets) at += Math.max(start.readUInt16BE(at + 2), 4);
  return at === sets;
}

/**
 * Reads such a file; its name takes the place of the exporter. After bytes that are not a datagram there is no way to find the next one:
 * the rest of the file is left unread.
 */
export function flowExportFile({ name, counters, emit }: LogSource): LogReader {
  const decoder = new FlowExportDecoder({ counters, emit });
  let rest = Buffer.alloc(0);
  let isBroken = false;
  const read = (isEnd: boolean): void => {
    // A datagram is at most 64 KiB long: with less than that at hand, more of it may follow.
    while (rest.length > (isEnd ? 0 : 65_535)) {
      const taken = decoder.datagram(rest, name, 0);
      if (taken === 0) {
        // A datagram may be padded with zeros after its last set.
        isBroken = rest.some((byte) => byte !== 0);
        if (isBroken) counters.problem('flow-export', 'no datagram of a known kind from here on', name, 0);
        rest = Buffer.alloc(0);
        return;
      }
      rest = rest.subarray(taken);
    }
  };
  return {
    push(chunk) {
      if (isBroken) return;
      rest = Buffer.concat([rest, chunk]);
      read(false);
    },
    finish: () => read(true),
  };
}
