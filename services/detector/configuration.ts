import { z } from 'zod';
import { clickhouseSection, duration, httpSection, kafkaSection, logSection, shutdownSection } from '#runtime';

export const detectorSection = z.strictObject({
  group: z.string().min(1).default('telltale-detector').meta({ description: 'Kafka consumer group; detectors of one group share the partitions.' }),
  rules: z.string().min(1).exactOptional().meta({ description: 'Folder of Sigma rules to use instead of the pack that ships.' }),
  rulesCheckInterval: duration('5s').meta({ description: 'How often the folder of rules is looked at; changed rules are loaded without a restart, as a whole or not at all.' }),
  policy: z.string().min(1).exactOptional().meta({ description: 'Jurisdiction policy to use instead of the one that ships.' }),
  batch: z.int().min(1).max(1_000_000).default(20_000).meta({ description: 'Records per batch at most: one evaluation, one insert, one move of the offsets.' }),
}).prefault({}).meta({ description: 'Detection.' });

export const detectorSchema = z.strictObject({
  log: logSection, http: httpSection(9102), shutdown: shutdownSection, kafka: kafkaSection, clickhouse: clickhouseSection, detector: detectorSection,
});
