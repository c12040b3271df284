import { z } from 'zod';
import { duration, size } from '#runtime';
import { defaultTables, type TableBounds } from './tables.ts';

const rows = (byDefault: number) => z.int().min(1).max(10_000_000).default(byDefault);

/**
 * As in Suricata's flow-timeouts (60, 300 and 600 s), except for unanswered datagrams, which Suricata keeps for 30 s. For the UDP mappings of a
 * NAT, RFC 4787 (REQ-5) recommends 300 s or more.
 */
const timeoutsSection = z.strictObject({
  active: duration('60s').meta({ description: 'How often a flow that continues is reported.' }),
  unanswered: duration('60s')
    .meta({ description: 'Idle timeout of flows seen in one direction only, including TCP connections that were never answered.' }),
  datagrams: duration('5m').meta({ description: 'Idle timeout of flows seen in both directions, other than TCP connections.' }),
  connections: duration('10m')
    .meta({
      description: 'Idle timeout of TCP connections, and of flows of unknown protocols, whose identifiers are inferred by comparison with '
        + 'later flows.',
    }),
  exchanges: duration('2m')
    .meta({
      description: 'Idle timeout of HTTP and DNS, instead of those above: a later message can be understood on its own, and servers close such '
        + 'connections sooner.',
    }),
  closed: duration('5s').meta({ description: 'How long a closed or reset connection is kept, since late packets may follow.' }),
}).prefault({}).meta({ description: 'How long a flow may be idle before it ends, in packet time.' });

/** Bounds of a probe's tables, and thereby of its memory. A full table evicts its oldest entry and counts the eviction. */
export const tablesSection = z.strictObject({
  flows: rows(defaultTables.flows).meta({ description: 'Most concurrent flows of packets. Beyond it, the one idle for longest ends as `evicted`.' }),
  timeouts: timeoutsSection,
  stream: size('1MiB').meta({ description: 'Most bytes that one direction of a TCP connection buffers while earlier ones are missing.' }),
  streams: size('64MiB')
    .meta({ description: 'Most bytes that all TCP connections together buffer. Beyond it, the one that has waited longest skips its gap.' }),
  fragments: size('4MiB').meta({ description: 'Most bytes of IP fragments that wait for reassembly.' }),
  messages: size('128MiB').meta({
    description: 'Most bytes buffered for all flows together: bodies, handshakes and other incomplete messages, and media needed to tell how they '
      + 'are encrypted. Beyond it, the flow idle for longest loses its part.',
  }),
  names: rows(defaultTables.names).meta({ description: 'DNS answers remembered to name later flows: one per client and address.' }),
  logFlows: rows(defaultTables.logFlows).meta({ description: 'Flows from logs that are kept open because more lines may follow.' }),
  templates: rows(defaultTables.templates).meta({ description: 'Templates of flow exporters; the same bound applies to sampling rates.' }),
  untemplated: size('4MiB').meta({ description: 'Most bytes of flow export sets that arrived before their template.' }),
  samples: rows(defaultTables.samples)
    .meta({ description: 'Flows of unknown protocols whose first payloads are held to infer identifiers. Further ones are not examined.' }),
  values: rows(defaultTables.values).meta({
    description: 'Values from payloads of unknown protocols that are remembered for comparison. Beyond it, the protocol idle for longest is '
      + 'forgotten.',
  }),
}).prefault({}).meta({
  description: 'Bounds of the probe\'s tables. A full table evicts its oldest entry and counts the eviction.',
}) satisfies z.ZodType<TableBounds, unknown>;
