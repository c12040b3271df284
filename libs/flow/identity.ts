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

/** Where the 32 bits of a flow's id begin to which the number of a record is added: its last eight digits. */
const numberAt = 24;

/**
 * Id of record number `sequence`, from 0, of a flow: the id of the flow, which is unique already, with the number added to its last 32
 * bits. Digits that both ids share are compressed away in messages of the flow log, and there are several records to a flow: a digest for
 * each would cost more than all other ids together. For a log, which may be read again from anywhere, the digest of the line takes the
 * place of the number.
 */
export function recordId(flow: string, sequence: number | string): string {
  if (typeof sequence === 'string') return digest(`record\0${flow}\0${sequence}`);
  const numbered = (Number.parseInt(flow.slice(numberAt), 16) + 1 + sequence) >>> 0;
  return flow.slice(0, numberAt) + numbered.toString(16).padStart(8, '0');
}

/** Id of a flow in a log: which probe read it, and what the log calls the flow. */
export function loggedFlowId(observer: string, name: string): string {
  return digest(`logged flow\0${observer}\0${name}`);
}

/** Id of a finding: which rule, on which record, about which identifier where (empty for a finding about none). */
export function findingId(ruleId: string, record: string, token: string, path: string): string {
  return digest(`finding\0${ruleId}\0${record}\0${token}\0${path}`);
}
