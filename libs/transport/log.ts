import type { Finding, FlowRecord } from '#flow';

/** The writing end of a log. The records of a subject stay in order; a record may arrive more than once, with the same id. */
export interface RecordSink<T> {
  /**
   * Resolves once all `records` are accepted durably: by the brokers' in-sync replicas or, in process, once the handler has confirmed. Awaiting it
   * provides backpressure. The records must not be changed until then.
   *
   * Rejects with {@link TransportError} or the handler's error; every send queued after it is rejected too, so that the sender can repeat them in
   * order.
   */
  send(records: readonly T[]): Promise<void>;
  /** Waits, for a bounded time, for pending records; those left are rejected with `closed`. */
  close(): Promise<void>;
}

/** The reading end of a log. */
export interface RecordSource<T> {
  /** Why nothing is read or confirmed at the moment; empty if all is well. */
  readonly trouble: string;
  /**
   * Delivers batches one after the other, never two at a time. A batch counts as read only when the handler's promise resolves, and none is skipped.
   * The handler owns the records. Resolves after {@link close}; rejects for errors that retrying cannot fix (credentials, permissions).
   */
  run(handle: (records: T[]) => Promise<void>): Promise<void>;
  /** Stops after the current batch. */
  close(): Promise<void>;
}

export type FlowSink = RecordSink<FlowRecord>;
export type FlowSource = RecordSource<FlowRecord>;
export type FindingSink = RecordSink<Finding>;
export type FindingSource = RecordSource<Finding>;
