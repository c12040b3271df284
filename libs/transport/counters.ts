/** What a sink has done; plain numbers that a service exports. They only grow, except `queuedRecords`. */
export interface SinkCounters {
  /** Records accepted durably. */
  records: number;
  /** Messages that held them, and their bytes. */
  messages: number;
  bytes: number;
  /** Attempts that failed and were repeated. */
  retries: number;
  /** Records sent to the dead-letter topic instead, by reason. */
  deadLetters: Record<string, number>;
  /** Records in sends that were rejected, by error code. */
  rejected: Record<string, number>;
  /** Records waiting or in flight now. */
  queuedRecords: number;
}

/** What a source has done; plain numbers that a service exports. They only grow, except `lag`. */
export interface SourceCounters {
  /** Records that the handler confirmed, and the batches it got them in. */
  records: number;
  batches: number;
  /** Messages read. */
  messages: number;
  /** Handler failures: the batch was handed over again. */
  retries: number;
  /** Times the group was left because of an error and joined anew. */
  restarts: number;
  /** Messages sent to the dead-letter topic, by reason. */
  deadLetters: Record<string, number>;
  /** Messages that the log deleted before they were read. */
  lost: number;
  /** Seconds spent in the handler, failed runs included. */
  handlerSeconds: number;
  /** Messages in the log behind the last one confirmed, by partition assigned to this consumer. */
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
