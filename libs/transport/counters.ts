/** Counts of a sink, as plain numbers for the service to export. Monotonic, except `queuedRecords`. */
export interface SinkCounters {
  /** Records accepted durably. */
  records: number;
  /** Messages that contained them, and their size. */
  messages: number;
  bytes: number;
  /** Attempts that failed and were retried. */
  retries: number;
  /** Records sent to the dead-letter topic instead, by reason. */
  deadLetters: Record<string, number>;
  /** Records in sends that were rejected, by error code. */
  rejected: Record<string, number>;
  /** Records currently waiting or in flight. */
  queuedRecords: number;
}

/** Counts of a source, as plain numbers for the service to export. Monotonic, except `lag`. */
export interface SourceCounters {
  /** Records confirmed by the handler, and the batches in which it received them. */
  records: number;
  batches: number;
  /** Messages read. */
  messages: number;
  /** Handler failures, after each of which the batch was delivered again. */
  retries: number;
  /** Number of times the source left the group because of an error and rejoined it. */
  restarts: number;
  /** Messages sent to the dead-letter topic, by reason. */
  deadLetters: Record<string, number>;
  /** Messages deleted by the log before they were read. */
  lost: number;
  /** Seconds spent in the handler, including failed calls. */
  handlerSeconds: number;
  /** Messages in the log after the last confirmed one, by partition assigned to this consumer. */
  lag: Record<number, number>;
}

export function createSinkCounters(): SinkCounters {
  return { records: 0, messages: 0, bytes: 0, retries: 0, deadLetters: {}, rejected: {}, queuedRecords: 0 };
}

export function createSourceCounters(): SourceCounters {
  return { records: 0, batches: 0, messages: 0, retries: 0, restarts: 0, deadLetters: {}, lost: 0, handlerSeconds: 0, lag: {} };
}

export function countReason(reasons: Record<string, number>, reason: string, count = 1): void {
  reasons[reason] = (reasons[reason] ?? 0) + count;
}
