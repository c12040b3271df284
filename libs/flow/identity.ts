import { hash } from 'node:crypto';

/** Ids are functions of content and origin, so that a replay collapses in the store. 32 hexadecimal digits. */
function digest(...parts: (string | number)[]): string {
  return hash('sha256', parts.join('\0'), 'hex').slice(0, 32);
}

/** Id of a flow: which probe saw it, between whom (community id), and when it began (µs). */
export function flowId(observer: string, communityId: string, startMicros: number): string {
  return digest('flow', observer, communityId, startMicros);
}

/** Id of the record number `sequence` of a flow. */
export function recordId(flow: string, sequence: number): string {
  return digest('record', flow, sequence);
}

/** Id of a finding: which rule, on which record, about which identifier where (empty for a finding about none). */
export function findingId(ruleId: string, record: string, token: string, path: string): string {
  return digest('finding', ruleId, record, token, path);
}
