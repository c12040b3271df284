import { flowTableDefaults, type FlowTableOptions } from '#capture';
import { defaultNameCacheOptions } from '#dissect';
import { defaultRecurrenceOptions } from '#identifiers';
import { flowJoinDefaults, templateDefaults } from '#ingest';

/** Bounds of a probe's tables, described in tables-section.ts. Counts are of entries, sizes in bytes, times in milliseconds. */
export interface TableBounds {
  flows: number;
  timeouts: { active: number; unanswered: number; datagrams: number; connections: number; exchanges: number; closed: number };
  stream: number;
  streams: number;
  fragments: number;
  messages: number;
  names: number;
  logFlows: number;
  templates: number;
  untemplated: number;
  samples: number;
  values: number;
}

/** The defaults of the libraries. */
export const defaultTables: TableBounds = {
  flows: flowTableDefaults.maxFlows,
  timeouts: {
    active: flowTableDefaults.activeTimeoutMicros / 1000,
    unanswered: flowTableDefaults.unansweredTimeoutMicros / 1000,
    datagrams: flowTableDefaults.datagramTimeoutMicros / 1000,
    connections: flowTableDefaults.connectionTimeoutMicros / 1000,
    exchanges: flowTableDefaults.exchangeTimeoutMicros / 1000,
    closed: flowTableDefaults.closedTimeoutMicros / 1000,
  },
  stream: flowTableDefaults.maxBufferedBytesPerStream,
  streams: flowTableDefaults.maxBufferedBytes,
  fragments: flowTableDefaults.maxFragmentBytes,
  messages: 128 * 1024 * 1024,
  names: defaultNameCacheOptions.maxNames,
  logFlows: flowJoinDefaults.maxFlows,
  templates: templateDefaults.maxTemplates,
  untemplated: templateDefaults.maxWaitingBytes,
  samples: defaultRecurrenceOptions.maxFlows,
  values: defaultRecurrenceOptions.maxValues,
};

export function flowTableOptions({ flows, stream, streams, fragments, timeouts }: TableBounds): FlowTableOptions {
  return {
    maxFlows: flows,
    maxBufferedBytesPerStream: stream,
    maxBufferedBytes: streams,
    maxFragmentBytes: fragments,
    activeTimeoutMicros: timeouts.active * 1000,
    unansweredTimeoutMicros: timeouts.unanswered * 1000,
    datagramTimeoutMicros: timeouts.datagrams * 1000,
    connectionTimeoutMicros: timeouts.connections * 1000,
    exchangeTimeoutMicros: timeouts.exchanges * 1000,
    closedTimeoutMicros: timeouts.closed * 1000,
  };
}

/** The bounds of each of `count` pipelines that share the packets. Tables that each fills from all packets, such as names, are not divided. */
export function sharedOut(tables: TableBounds, count: number): TableBounds {
  const part = (all: number): number => Math.ceil(all / count);
  const { flows, streams, messages, samples, values } = tables;
  return { ...tables, flows: part(flows), streams: part(streams), messages: part(messages), samples: part(samples), values: part(values) };
}
