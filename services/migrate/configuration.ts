import { z } from 'zod';
import { clickhouseSection, duration, kafkaSection, logSection, shutdownSection } from '#runtime';

export const migrateSection = z.strictObject({
  partitions: z.int().min(1).max(10_000).default(12).meta({
    description: 'Partitions of the flows topic, and thus the most detectors that can share the work. Adding partitions later moves subjects to '
      + 'other ones.',
  }),
  replication: z.int().min(1).max(10).default(1).meta({ description: 'Replicas of each topic. Use 3 with three brokers or more.' }),
  retention: duration('3d').meta({ description: 'How long the flows topic keeps records, and thus how long detectors may be down without loss.' }),
}).prefault({}).meta({ description: 'Creation of topics and tables. Existing topics are left as they are.' });

export const migrateSchema = z.strictObject({
  log: logSection,
  shutdown: shutdownSection,
  kafka: kafkaSection,
  clickhouse: clickhouseSection,
  migrate: migrateSection,
});
