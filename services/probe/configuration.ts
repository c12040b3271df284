import { hostname } from 'node:os';
import { z } from 'zod';
import { httpSection, kafkaSection, logSection, shutdownSection, size } from '#runtime';
import { interfacePattern } from './capture-program.ts';
import { privateNetworks } from './subject.ts';
import { tablesSection } from './tables-section.ts';

/** Options of a live capture. Shared by the probe and standalone. */
export const liveSection = z.strictObject({
  interface: z.string().regex(interfacePattern, { error: 'Expected the name of an interface' }).exactOptional()
    .meta({ description: 'Interface to capture from if no other input is given. `--interface` overrides it.' }),
  filter: z.string().min(1).max(4096).exactOptional()
    .meta({ description: 'Capture filter (pcap-filter(7)); without one, all packets are captured. `--filter` overrides it.' }),
  snapLength: z.int().min(64).max(262_144).default(262_144)
    .meta({ description: 'Bytes captured of each packet. Identifiers are in the payload, so those in the part cut off are missed.' }),
  buffer: size('16MiB').meta({ description: 'Kernel buffer for captured packets; a larger one absorbs longer bursts.' }),
  program: z.string().min(1).default('auto')
    .meta({ description: 'Capture program: `dumpcap`, `tcpdump`, a path to either, or `auto` (dumpcap if it is installed, else tcpdump).' }),
}).prefault({}).meta({ description: 'Live capture.' });

export const probeSection = z.strictObject({
  name: z.string().min(1).default(hostname())
    .meta({ description: 'Name of the probe. It is on every record and part of every record id.', defaultText: 'the host\'s name' }),
  key: z.string().min(1).default('.telltale/token.key')
    .meta({ description: 'File with the token key, created on first start with mode 0600. Probes must share one key for their tokens to match.' }),
  templates: z.string().min(1).default('.telltale/templates.json')
    .meta({ description: 'File that keeps the templates of flow exporters across restarts (`probe --listen`).' }),
  positions: z.string().min(1).default('.telltale/positions.json')
    .meta({ description: 'File that records how far followed files were read and accepted (`probe --follow`).' }),
  live: liveSection,
  watchlists: z.string().min(1).default('.telltale/watchlists')
    .meta({ description: 'Folder of the watchlists that `telltale watchlist` writes. Changes take effect without a restart.' }),
  networks: z.array(z.string().regex(/^[0-9a-fA-F.:]+\/\d+$/, { error: 'Expected CIDR notation' })).min(1).default(privateNetworks)
    .meta({ description: 'Monitored networks (CIDR). The endpoint of a flow that is in one of them is its subject.' }),
  tables: tablesSection,
}).prefault({}).meta({ description: 'Probe.' });

export const probeSchema = z.strictObject({
  log: logSection,
  http: httpSection(9101),
  shutdown: shutdownSection,
  kafka: kafkaSection,
  probe: probeSection,
});
