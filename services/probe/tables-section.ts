import { z } from 'zod';
import { duration, size } from '#runtime';
import { defaultTables, type TableBounds } from './tables.ts';

const rows = (byDefault: number) => z.int().min(1).max(10_000_000).default(byDefault);

/**
 * As in Suricata's flow-timeouts (60, 300 and 600 s), but for unanswered datagrams, which it gives 30 s. A NAT keeps UDP as long as that (RFC 4787,
 * REQ-5).
 */
const timeoutsSection = z.strictObject({
  active: duration('60s').meta({ description: 'A flow that goes on is reported after each such period.' }),
  unanswered: duration('60s').meta({ description: 'Of a flow of which one side alone was seen, and of a connection that was only asked for.' }),
  datagrams: duration('5m').meta({ description: 'Of a flow in both directions, other than a TCP connection.' }),
  connections: duration('10m')
    .meta({ description: 'Of a TCP connection, and of a flow of an unknown protocol: what it holds is inferred from those that follow.' }),
  exchanges: duration('2m')
    .meta({ description: 'Of HTTP and DNS, in place of these: a message that comes later says for itself what it is, and servers close such a connection sooner.' }),
  closed: duration('5s').meta({ description: 'Of a connection that was closed or reset: late packets may follow.' }),
}).prefault({}).meta({ description: 'How long a flow may stay silent before it ends. Time is that of the packets.' });

/** Bounds of a probe's tables, together that of its memory. A full table lets go of what is oldest in it, and counts that. */
export const tablesSection = z.strictObject({
  flows: rows(defaultTables.flows).meta({ description: 'Flows of packets at a time. The one silent for longest ends, as `evicted`.' }),
  timeouts: timeoutsSection,
  stream: size('1MiB').meta({ description: 'What one direction of a TCP connection may hold back while bytes before it are missing.' }),
  streams: size('64MiB')
    .meta({ description: 'What all TCP connections together may hold back. The one that has done so for longest goes on without the missing bytes.' }),
  fragments: size('4MiB').meta({ description: 'Fragments of IP datagrams that are not whole yet.' }),
  messages: size('128MiB').meta({
    description: 'What is kept of bodies, handshakes and other messages that are not whole yet, and of media to see how they are encrypted, of all flows together. '
      + 'The flow silent for longest gives up its own.',
  }),
  names: rows(defaultTables.names).meta({ description: 'Answers of DNS that label the flows to come, each a client and an address.' }),
  logFlows: rows(defaultTables.logFlows).meta({ description: 'Flows that logs name and whose later lines are waited for.' }),
  templates: rows(defaultTables.templates).meta({ description: 'Templates of flow exporters, and as many sampling rates.' }),
  untemplated: size('4MiB').meta({ description: 'Sets of a flow export that came before their template.' }),
  samples: rows(defaultTables.samples)
    .meta({ description: 'Flows of unknown protocols whose first payloads are held to infer identifiers. More are not looked at.' }),
  values: rows(defaultTables.values)
    .meta({ description: 'Values in payloads of unknown protocols that are compared. The protocol silent for longest is forgotten.' }),
}).prefault({})
  .meta({ description: 'Bounds of the probe\'s tables. A full one lets go of what is oldest in it, and counts that.' }) satisfies z.ZodType<TableBounds, unknown>;
