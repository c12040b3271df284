import type { z } from 'zod';
import { kafkaConnection, type Component, type ServiceDefinition } from '#runtime';
import { openStore } from '#store';
import { defaultTopics, ensureTopics, topics } from '#transport';
import { migrateSchema } from './configuration.ts';

/** Makes what is missing of Kafka's topics and ClickHouse's tables, then ends. Running it again changes nothing. */
export const migrateService: ServiceDefinition<z.output<typeof migrateSchema>> = {
  name: 'migrate',
  schema: migrateSchema,
  build({ configuration, logger, lifecycle }) {
    const { partitions, replication, retention } = configuration.migrate;
    const wanted = defaultTopics.map((topic) => ({
      ...topic,
      replicationFactor: replication,
      ...(topic.topic === topics.flows && { partitions, retentionMillis: retention }),
    }));
    const job: Component = {
      name: 'migration',
      async start() {
        const created = await ensureTopics({ ...kafkaConnection(configuration.kafka, 'telltale-migrate'), logger }, wanted);
        logger.info({ created }, created.length > 0 ? 'topics created' : 'all topics exist');
        const store = await openStore({ ...configuration.clickhouse, warn: (message) => logger.warn(message) });
        try {
          const applied = await store.migrate();
          logger.info({ applied }, applied.length > 0 ? 'migrations applied' : 'the schema is up to date');
        } finally {
          await store.close();
        }
        lifecycle.finish();
      },
    };
    lifecycle.add(job);
  },
};
