import type { z } from 'zod';
import { kafkaConnection, type Component, type ServiceContext, type ServiceDefinition } from '#runtime';
import { openStore } from '#store';
import { defaultTopics, ensureTopics, topics } from '#transport';
import { migrateSchema } from './configuration.ts';

type Configuration = z.output<typeof migrateSchema>;

/** Makes what is missing of Kafka's topics and ClickHouse's tables, then ends. Running it again changes nothing. */
export const migrateService: ServiceDefinition<Configuration> = {
  name: 'migrate',
  schema: migrateSchema,
  build(context) {
    const { lifecycle } = context;
    let isRunning = false;
    const job: Component = {
      name: 'migration',
      async start() {
        isRunning = true;
        await migrate(context).finally(() => { isRunning = false; });
        lifecycle.finish();
      },
      stop() {
        if (isRunning) lifecycle.leaveUndone('the migration was stopped before all topics and tables were made: run it again');
      },
    };
    lifecycle.add(job);
  },
};

async function migrate({ configuration, logger }: ServiceContext<Configuration>): Promise<void> {
  const { partitions, replication, retention } = configuration.migrate;
  const wanted = defaultTopics.map((topic) => ({
    ...topic,
    replicationFactor: replication,
    ...(topic.topic === topics.flows && { partitions, retentionMillis: retention }),
  }));
  const created = await ensureTopics({ ...kafkaConnection(configuration.kafka, 'telltale-migrate'), logger }, wanted);
  logger.info({ created }, created.length > 0 ? 'topics were created' : 'all topics exist already');
  const store = await openStore({ ...configuration.clickhouse, warn: (message) => logger.warn(message) });
  try {
    const applied = await store.migrate();
    logger.info({ applied }, applied.length > 0 ? 'migrations were applied' : 'the schema is up to date');
  } finally {
    await store.close();
  }
}
