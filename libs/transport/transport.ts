export { createSinkCounters, createSourceCounters, type SinkCounters, type SourceCounters } from './counters.ts';
export { isRetriable, TransportError, type TransportErrorCode } from './errors.ts';
export { inProcessLog, type InProcessLog, type InProcessOptions } from './in-process.ts';
export { type KafkaConnection } from './kafka-client.ts';
export { KafkaFindingSink, KafkaFlowSink, type KafkaSinkOptions } from './kafka-sink.ts';
export { KafkaFindingSource, KafkaFlowSource, type KafkaSourceOptions } from './kafka-source.ts';
export type { FindingSink, FindingSource, FlowSink, FlowSource, RecordSink, RecordSource } from './log.ts';
export { type TransportLogger } from './logger.ts';
export { defaultTopics, ensureTopics, maxMessageBytes, topics, type TopicOptions } from './topics.ts';
