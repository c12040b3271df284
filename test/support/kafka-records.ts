import { createFlowRecord, flowId, recordId, type FlowRecord } from '#flow';

/** Record number `sequence` of a subject. */
export function recordOf(subject: string, sequence: number): FlowRecord {
  const record = createFlowRecord();
  record['telltale.subject.ip'] = record['source.ip'] = subject;
  record['telltale.flow.id'] = flowId('test', subject, 0);
  record['telltale.flow.sequence'] = sequence;
  record['event.id'] = recordId(record['telltale.flow.id'], sequence);
  return record;
}

/** Records 0 to `count` - 1 of each subject, interleaved. */
export function recordsOf(subjects: readonly string[], count: number, start = 0): FlowRecord[] {
  return Array.from({ length: count }, (_, i) => subjects.map((subject) => recordOf(subject, start + i))).flat();
}

export const subjects = Array.from({ length: 20 }, (_, i) => `10.0.0.${i + 1}`);

export function idsOf(records: readonly FlowRecord[]): string[] {
  return records.map((record) => record['event.id']).toSorted();
}

/**
 * The sequence numbers in which a subject's records arrived, each at its first arrival. What is delivered again after a failure goes
 * back to an earlier number and repeats from there.
 */
export function arrivalsOf(records: readonly FlowRecord[], subject: string): number[] {
  const ofSubject = records.filter((record) => record['telltale.subject.ip'] === subject);
  return [...new Set(ofSubject.map((record) => record['telltale.flow.sequence']))];
}
