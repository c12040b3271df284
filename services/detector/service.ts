import { kafkaConnection, projectRoot, type ServiceDefinition } from '#runtime';
import { openStore } from '#store';
import { KafkaFindingSink, KafkaFlowSource } from '#transport';
import type { z } from 'zod';
import { HttpComponent, OperationsModule, reportDetector, reportSink, reportSource, reportStore } from '../operations/operations.ts';
import { RecordReader } from '../record-reader.ts';
import { StoreComponent } from '../store-component.ts';
import { detectorSchema, geoOptions } from './configuration.ts';
import { Detector } from './detector.ts';
import { reportGeoTables } from './detection-tables.ts';
import { loadDetection, watchGeoTables } from './packs.ts';

/** The detector as a service of its own: flow log → enrich, evaluate → ClickHouse → findings topic. */
export const detectorService: ServiceDefinition<z.output<typeof detectorSchema>> = {
  name: 'detector',
  schema: detectorSchema,
  async build({ configuration, logger, metrics, lifecycle }) {
    const { rules, policy, jurisdictions, inventory, geo, group, batch } = configuration.detector;
    const connection = { ...kafkaConnection(configuration.kafka, 'telltale-detector'), logger };
    const files = { root: projectRoot, jurisdictions, inventory, ...geoOptions(geo), ...(rules && { rules }), ...(policy && { policy }) };
    const loaded = await loadDetection(files);
    const { detection } = loaded;
    const tables = watchGeoTables(loaded, files, { checkMillis: geo.check, warn: (message) => logger.warn(message) });
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
    reportGeoTables(metrics, tables);
    const http = new HttpComponent({ ...configuration.http, logger, modules: [OperationsModule.with({ checks: [storeComponent, reader], metrics })] });

    // The reader starts last and stops first: no batch arrives that cannot be stored.
    lifecycle.add(http, tables, storeComponent, { name: 'findings sink', stop: () => sink.close() }, reader);
  },
};
