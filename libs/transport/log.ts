import type { Finding, FlowRecord } from '#flow';

/** The writing end of a log. One subject's records keep their order; a record may arrive more than once, under the same id. */
export interface RecordSink<T> {
  /**
   * Resolves once all `records` are accepted durably: by the brokers' in-sync replicas, or in process once the handler has confirmed.
   * Awaiting it is the backpressure. The records must not be changed until then.
   *
   * Rejects with {@link TransportError} or the handler's error; every send behind it is rejected too, so that the sender can repeat
   * them in order.
   */
  send(records: readonly T[]): Promise<void>;
  /** Waits for what has been accepted, within a bound; what is left is rejected with `closed`. */
  close(): Promise<void>;
}

/** The reading end of a log. */
export interface RecordSource<T> {
  /** Why nothing is read or confirmed at the moment; empty when all is well. */
  readonly trouble: string;
  /**
   * Hands over batch after batch, never two at a time; a batch counts as read only when its promise resolves, and none is passed over.
   * The handler owns the records. Resolves after {@link close}; rejects for what retrying cannot mend (credentials, rights).
   */
  run(handle: (records: T[]) => Promise<void>): Promise<void>;
  /** Stops after the batch at hand. */
  close(): Promise<void>;
}

export type FlowSink = RecordSink<FlowRecord>;
export type FlowSource = RecordSource<FlowRecord>;
export type FindingSink = RecordSink<Finding>;
export type FindingSource = RecordSource<Finding>;
