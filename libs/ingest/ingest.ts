/** Turns logs, archives and flow exports of other tools into entries about flows. Pure: bytes, names and times are passed in. */
export { mostHeaderBytes } from './answer.ts';
export { IngestCounters, type LocatedProblem } from './counters.ts';
export { isServerPort } from './endpoints.ts';
export { flowOfEntry, type FlowTotals, type LogEntry } from './entry.ts';
export { FlowExportDecoder, type FlowExportOptions } from './flow-export.ts';
export { FlowJoin, flowJoinDefaults, type FlowJoinOptions } from './flow-join.ts';
export { leastSample, openLog, type LogMark, type LogReader, type LogSource } from './log.ts';
export { templateDefaults } from './netflow-templates.ts';
export { firstLineEnd } from './utf16.ts';
export { ZeekCertificates } from './zeek-certificates.ts';
