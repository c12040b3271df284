import { z } from 'zod';
import { clickhouseSection, duration, kafkaSection, logSection, shutdownSection } from '#runtime';

export const migrateSection = z.strictObject({
  partitions: z.int().min(1).max(10_000).default(12).meta({ description: 'Partitions of the flows topic: how many detectors can share the work. Adding some later moves subjects to other partitions.' }),
  replication: z.int().min(1).max(10).default(1).meta({ description: 'Replicas of each topic; 3 where there are three brokers or more.' }),
  retention: duration('3d').meta({ description: 'How long the flows topic keeps records, and so how long the detectors may be away.' }),
}).prefault({}).meta({ description: 'Making topics and tables. Topics that exist are left as they are.' });

export const migrateSchema = z.strictObject({
  log: logSection,
  shutdown: shutdownSection,
  kafka: kafkaSection,
  clickhouse: clickhouseSection,
  migrate: migrateSection,
});
