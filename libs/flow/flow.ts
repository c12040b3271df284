export { columnOf, findingFields, findingFlowFields, flowFields, type FieldDefinition, type FieldType } from './fields.ts';
export { HmacSha256 } from './hmac.ts';
export { findingId, flowId, loggedFlowId, recordId } from './identity.ts';
export { createFinding, createFlowRecord, levels, type Finding, type FlowField, type FlowRecord, type Level, type Observable } from './record.ts';
export type { Hit } from './hit.ts';
