import { kafkaConnection, projectRoot, type ServiceDefinition } from '#runtime';
import { openStore } from '#store';
import { KafkaFindingSink, KafkaFlowSource } from '#transport';
import type { z } from 'zod';
import { HttpComponent, OperationsModule, reportDetector, reportSink, reportSource, reportStore } from '../operations/operations.ts';
import { RecordReader } from '../record-reader.ts';
import { StoreComponent } from '../store-component.ts';
import { detectorSchema } from './configuration.ts';
import { Detector } from './detector.ts';
import { PackWatcher, reportRules } from './pack-watcher.ts';
import { loadDetection } from './packs.ts';

/** The detector as a service of its own: flow log → enrich, evaluate → ClickHouse → findings topic. */
export const detectorService: ServiceDefinition<z.output<typeof detectorSchema>> = {
  name: 'detector',
  schema: detectorSchema,
  async build({ configuration, logger, metrics, lifecycle }) {
    const { rules, policy, group, batch, rulesCheckInterval } = configuration.detector;
    const connection = { ...kafkaConnection(configuration.kafka, 'telltale-detector'), logger };
    const loaded = await loadDetection({ root: projectRoot, ...(rules && { rules }), ...(policy && { policy }) });
    const { detection } = loaded;
    const store = await openStore({ ...configuration.clickhouse, warn: (message) => logger.warn(message) });

    const source = new KafkaFlowSource(connection, { groupId: group, maxBatchRecords: batch });
    const sink = new KafkaFindingSink(connection);
    const detector = new Detector(detection, store, sink);
    const reader = new RecordReader('flow records', source, detector.handle, (error) => lifecycle.fail('the reader of flow records', error));
    const storeComponent = new StoreComponent(store);

    reportSource(metrics, 'flows', source.counters);
    reportSink(metrics, 'findings', sink.counters);
    reportStore(metrics, store.counters);
    reportDetector(metrics, detector.counters);
    const watcher = new PackWatcher(loaded, { root: projectRoot, ...(rules && { folder: rules }), intervalMillis: rulesCheckInterval, logger });
    reportRules(metrics, detection, watcher);
    const http = new HttpComponent({ ...configuration.http, logger, modules: [OperationsModule.with({ checks: [storeComponent, reader], metrics })] });

    // The reader starts last and stops first: no batch arrives that cannot be stored.
    lifecycle.add(http, storeComponent, watcher, { name: 'findings sink', stop: () => sink.close() }, reader);
  },
};
