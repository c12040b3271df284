import { createFlowRecord, createFinding, type Finding, type FlowRecord } from '#flow';
import { decodeBatch, encodeBatch, WireError } from '#wire';
import { topics } from './topics.ts';

/** How records of one kind are encoded in the messages of their topic. */
export interface Format<T> {
  readonly topic: string;
  /**
   * Maximum number of records in one message. If it is one, the subject is the message's key; otherwise messages have no key, since subjects share
   * them.
   */
  readonly recordsPerMessage: number;
  /** The address whose records are kept in order. */
  subjectOf(record: T): string;
  /** Throws {@link PayloadError}. */
  pack(records: readonly T[]): Buffer;
  /** Throws {@link PayloadError}. */
  unpack(payload: Buffer): T[];
}

/** A message that cannot be read, or a record that cannot be written. The code is the dead letter's reason; the error contains no payload. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const flowFormat: Format<FlowRecord> = {
  topic: topics.flows,
  recordsPerMessage: 2_000,
  subjectOf: (record) => record['telltale.subject.ip'],
  pack: (records) => located(() => encodeBatch(records)),
  unpack: (payload) => located(() => decodeBatch(payload)),
};

/** One finding per message, as JSON, so that any consumer of the topic can read it. */
export const findingFormat: Format<Finding> = {
  topic: topics.findings,
  recordsPerMessage: 1,
  subjectOf: (finding) => finding['telltale.subject.ip'],
  pack: ([finding]) => Buffer.from(JSON.stringify(finding)),
  unpack: (payload) => [findingOf(payload)],
};

function located<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof WireError) throw new PayloadError(error.code, `${error.message} (at byte ${error.offset})`);
    throw error;
  }
}

/** Fields unknown to this release are dropped; missing fields have their zero value. */
function findingOf(payload: Buffer): Finding {
  const finding = createFinding(createFlowRecord()) as Record<string, unknown>;
  const parsed = parsedObject(payload);
  for (const [name, zero] of Object.entries(finding)) {
    const value = parsed[name];
    if (value === undefined) continue;
    if (!hasTypeOf(zero, value)) throw new PayloadError('malformed', `the field ${name} has another type than expected`);
    finding[name] = value;
  }
  for (const name of ['event.id', 'rule.id']) if (finding[name] === '') throw new PayloadError('malformed', `the field ${name} is missing`);
  return finding as Finding;
}

function parsedObject(payload: Buffer): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload.toString());
  } catch {
    throw new PayloadError('malformed', 'the message is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new PayloadError('malformed', 'the message is not a JSON object');
  return parsed as Record<string, unknown>;
}

function hasTypeOf(zero: unknown, value: unknown): boolean {
  if (Array.isArray(zero)) return Array.isArray(value) && value.every((item) => typeof item === 'string');
  return typeof zero === 'number' ? Number.isSafeInteger(value) && (value as number) >= 0 : typeof value === typeof zero;
}
