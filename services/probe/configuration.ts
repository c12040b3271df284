import { hostname } from 'node:os';
import { z } from 'zod';
import { httpSection, kafkaSection, logSection, shutdownSection, size } from '#runtime';
import { interfacePattern } from './capture-program.ts';
import { privateNetworks } from './subject.ts';
import { tablesSection } from './tables-section.ts';

/** Of a live capture; standalone has it too. */
export const liveSection = z.strictObject({
  interface: z.string().regex(interfacePattern, { error: 'Expected the name of an interface' }).exactOptional()
    .meta({ description: 'Interface to capture from when nothing else is to be read. `--interface` goes before it.' }),
  filter: z.string().min(1).max(4096).exactOptional()
    .meta({ description: 'Capture filter (pcap-filter(7)); all packets without one. `--filter` goes before it.' }),
  snapLength: z.int().min(64).max(262_144).default(262_144)
    .meta({ description: 'Bytes of a packet that are captured. What is cut off cannot be read: identifiers stand in payload.' }),
  buffer: size('16MiB').meta({ description: 'Kernel buffer for packets that wait; a larger one bridges longer bursts.' }),
  program: z.string().min(1).default('auto')
    .meta({ description: 'What captures: `dumpcap`, `tcpdump`, a path to one of them, or `auto`: dumpcap where it is installed, else tcpdump.' }),
}).prefault({}).meta({ description: 'Live capture.' });

export const probeSection = z.strictObject({
  name: z.string().min(1).default(hostname())
    .meta({ description: 'Name of the probe, on each record and part of each id.', defaultText: 'the host\'s name' }),
  key: z.string().min(1).default('.telltale/token.key')
    .meta({ description: 'File of the token key, made on first start with mode 0600. Probes whose tokens shall match share one key.' }),
  templates: z.string().min(1).default('.telltale/templates.json')
    .meta({ description: 'File that keeps the templates of flow exporters over a restart (probe --listen).' }),
  positions: z.string().min(1).default('.telltale/positions.json')
    .meta({ description: 'File that keeps how far followed files were read and accepted (probe --follow).' }),
  live: liveSection,
  watchlists: z.string().min(1).default('.telltale/watchlists')
    .meta({ description: 'Folder of the watchlists that `telltale watchlist` writes. Changes are taken while the probe runs.' }),
  networks: z.array(z.string().regex(/^[0-9a-fA-F.:]+\/\d+$/, { error: 'Expected CIDR notation' })).min(1).default(privateNetworks)
    .meta({ description: 'Ranges of the monitored side, CIDR: of two endpoints the one in them is the subject.' }),
  tables: tablesSection,
}).prefault({}).meta({ description: 'Probe.' });

export const probeSchema = z.strictObject({
  log: logSection,
  http: httpSection(9101),
  shutdown: shutdownSection,
  kafka: kafkaSection,
  probe: probeSection,
});
