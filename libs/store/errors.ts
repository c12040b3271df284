/**
 * - `embedded-missing`: the optional package chdb is not installed or has no binary for this platform.
 * - `folder-in-use`: another process holds the data folder.
 * - `one-folder-per-process`: this process has another data folder open.
 * - `refused`: the server refuses the statement, and would do so again.
 * - `query-failed`: a query got an error or no answer.
 * - `migration-changed`: the database was migrated with a different text of the same migration.
 * - `closed`: the store was closed before or during the call.
 */
export type StoreErrorCode =
  | 'embedded-missing'
  | 'folder-in-use'
  | 'one-folder-per-process'
  | 'refused'
  | 'query-failed'
  | 'migration-changed'
  | 'closed';

/** What went wrong, where, and what to do about it. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  constructor(readonly code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * What a failed insert means.
 * - `retry`: the server is unreachable, overloaded or not ready; it will accept the same bytes later.
 * - `row`: a value in the batch is unacceptable; the other rows are not to blame.
 * - `refused`: statement, schema or permissions are wrong; no row will be accepted until somebody changes that.
 */
export type Failure = 'retry' | 'row' | 'refused';

export function classify(error: unknown): Failure {
  if (error instanceof TypeError || error instanceof RangeError) return 'refused'; // a defect of ours: repeating it would not help
  if (!isServerError(error)) return 'retry'; // no answer, or one that is not from ClickHouse: connection, proxy, time-out
  if (transient.has(error.type)) return 'retry';
  return causedByRow.has(error.type) ? 'row' : 'refused';
}

/** Not `instanceof`: the embedded engine throws the ClickHouseError of its own copy of the client. */
function isServerError(error: unknown): error is { code: string; type: string } {
  return error instanceof Error && 'type' in error && typeof error.type === 'string' && 'code' in error && /^\d+$/.test(String(error.code));
}

/** Name and number of a server error. Its text is left out: it may quote the row. */
export function describe(error: unknown): string {
  if (isServerError(error)) return `${error.type} (${error.code})`;
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? 'unknown error';
}

// Names: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
const transient: ReadonlySet<string> = new Set([
  'ABORTED', // the server is shutting down
  'CANNOT_FSYNC',
  'CANNOT_READ_FROM_ISTREAM',
  'CANNOT_READ_FROM_SOCKET',
  'CANNOT_SCHEDULE_TASK',
  'CANNOT_WRITE_TO_OSTREAM',
  'CANNOT_WRITE_TO_SOCKET',
  'DISTRIBUTED_TOO_MANY_PENDING_BYTES',
  'DNS_ERROR',
  'KEEPER_EXCEPTION',
  'MEMORY_LIMIT_EXCEEDED',
  'NETWORK_ERROR',
  'NOT_ENOUGH_SPACE',
  'NO_FREE_CONNECTION',
  'QUERY_WAS_CANCELLED',
  'QUOTA_EXCEEDED',
  'S3_ERROR',
  'SOCKET_TIMEOUT',
  'TABLE_IS_READ_ONLY', // no keeper at the moment
  'TIMEOUT_EXCEEDED',
  'TOO_FEW_LIVE_REPLICAS',
  'TOO_MANY_PARTS',
  'TOO_MANY_SIMULTANEOUS_QUERIES',
  'TOO_SLOW',
  'UNEXPECTED_END_OF_FILE', // the connection broke within the body
  'UNKNOWN_STATUS_OF_INSERT',
  'UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE',
]);

const causedByRow: ReadonlySet<string> = new Set([
  'ARGUMENT_OUT_OF_BOUND',
  'ATTEMPT_TO_READ_AFTER_EOF',
  'CANNOT_PARSE_DATETIME',
  'CANNOT_READ_ALL_DATA',
  'INCORRECT_DATA',
  'SIZES_OF_ARRAYS_DONT_MATCH',
  'TOO_LARGE_ARRAY_SIZE',
  'TOO_LARGE_STRING_SIZE',
  'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  'VIOLATED_CONSTRAINT',
]);
