import { hash } from 'node:crypto';

/** Ids are functions of content and origin, so that a replay collapses in the store. 32 hexadecimal digits. */
function digest(parts: string): string {
  return hash('sha256', parts, 'hex').slice(0, 32);
}

const idBytes = Buffer.alloc(16);

/** As {@link digest}, for an id that is kept in memory: a slice of a longer string would keep all of it alive. */
function keptDigest(parts: string): string {
  const bytes = hash('sha256', parts, 'binary');
  for (let i = 0; i < idBytes.length; i++) idBytes[i] = bytes.charCodeAt(i);
  return idBytes.toString('hex');
}

/** Id of a flow: which probe saw it, between whom (community id), and when it began (µs). */
export function flowId(observer: string, communityId: string, startMicros: number): string {
  return keptDigest(`flow\0${observer}\0${communityId}\0${startMicros}`);
}

/**
 * Id of record number `sequence` of a flow. For a log, which may be read again from anywhere, the digest of the line takes the place of the
 * number.
 */
export function recordId(flow: string, sequence: number | string): string {
  return digest(`record\0${flow}\0${sequence}`);
}

/** Id of a flow in a log: which probe read it, and what the log calls the flow. */
export function loggedFlowId(observer: string, name: string): string {
  return digest(`logged flow\0${observer}\0${name}`);
}

/** Id of a finding: which rule, on which record, about which identifier where (empty for a finding about none). */
export function findingId(ruleId: string, record: string, token: string, path: string): string {
  return digest(`finding\0${ruleId}\0${record}\0${token}\0${path}`);
}
