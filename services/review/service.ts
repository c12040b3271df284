import type { z } from 'zod';
import { projectRoot, type ServiceDefinition } from '#runtime';
import { openStore } from '#store';
import { HttpComponent, OperationsModule } from '../operations/operations.ts';
import { StoreCheck } from '../store-component.ts';
import { reviewSchema } from './configuration.ts';
import { ReviewModule } from './review.module.ts';

/** The review page as a separate service, with a ClickHouse server that was prepared by the migration. */
export const reviewService: ServiceDefinition<z.output<typeof reviewSchema>> = {
  name: 'review',
  schema: reviewSchema,
  async build({ configuration, logger, metrics, lifecycle }) {
    const store = await openStore({ ...configuration.clickhouse, warn: (message) => logger.warn(message) });
    const checks = [new StoreCheck(store)];
    const modules = [OperationsModule.with({ checks, metrics }), ReviewModule.over(store, { projectRoot, hosts: configuration.review.hosts })];
    lifecycle.add({ name: 'store', stop: () => store.close() }, new HttpComponent({ ...configuration.http, logger, modules }));
  },
};
