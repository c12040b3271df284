import { hostname } from 'node:os';
import { z } from 'zod';
import { httpSection, kafkaSection, logSection, shutdownSection } from '#runtime';
import { privateNetworks } from './subject.ts';

export const probeSection = z.strictObject({
  name: z.string().min(1).default(hostname()).meta({ description: 'Name of the probe, on each record and part of each id.', defaultText: 'the host\'s name' }),
  key: z.string().min(1).default('.telltale/token.key').meta({ description: 'File of the token key, made on first start with mode 0600. Probes whose tokens shall match share one key.' }),
  templates: z.string().min(1).default('.telltale/templates.json').meta({ description: 'File that keeps the templates of flow exporters over a restart (probe --listen).' }),
  watchlists: z.string().min(1).default('.telltale/watchlists').meta({ description: 'Folder of the watchlists that `telltale watchlist` writes. Changes are taken while the probe runs.' }),
  networks: z.array(z.string().regex(/^[0-9a-fA-F.:]+\/\d+$/, { error: 'Expected CIDR notation' })).min(1).default(privateNetworks)
    .meta({ description: 'Ranges of the monitored side, CIDR: of two endpoints the one in them is the subject.' }),
}).prefault({}).meta({ description: 'Probe.' });

export const probeSchema = z.strictObject({ log: logSection, http: httpSection(9101), shutdown: shutdownSection, kafka: kafkaSection, probe: probeSection });
