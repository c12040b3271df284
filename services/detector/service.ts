import { kafkaConnection, type ServiceDefinition } from '#runtime';
import { openStore } from '#store';
import { KafkaFindingSink, KafkaFlowSource } from '#transport';
import type { z } from 'zod';
import { HttpComponent, OperationsModule, reportDetector, reportSink, reportSource, reportStore } from '../operations/operations.ts';
import { RecordReader } from '../record-reader.ts';
import { StoreComponent } from '../store-component.ts';
import { detectorSchema } from './configuration.ts';
import { Detector } from './detector.ts';
import { liveDetection } from './live-detection.ts';
import { reportScheduledDetections, ScheduledDetections } from './scheduled-detections.ts';

/** Scheduled detections and rollups read months of records. */
const statementTimeout = 300_000;

/** The detector as a separate service: flow log → enrich, evaluate → ClickHouse → findings topic. */
export const detectorService: ServiceDefinition<z.output<typeof detectorSchema>> = {
  name: 'detector',
  schema: detectorSchema,
  async build({ configuration, logger, metrics, lifecycle }) {
    const connection = { ...kafkaConnection(configuration.kafka, 'telltale-detector'), logger };
    const { group, batch } = configuration.detector;
    const { detection, watchers, checks, scheduled } = await liveDetection(configuration.detector, { logger, metrics });
    const store = await openStore({ ...configuration.clickhouse, statementTimeout, warn: (message) => logger.warn(message) });

    const source = new KafkaFlowSource(connection, { groupId: group, maxBatchRecords: batch, onAssigned: () => detector.reassigned() });
    const sink = new KafkaFindingSink(connection);
    const detector = new Detector(detection, store, sink, logger);
    const reader = new RecordReader('flow records', source, detector.handle, (error) => lifecycle.fail('the reader of flow records', error));
    const storeComponent = new StoreComponent(store);
    const schedule = new ScheduledDetections({ store, findings: sink, detections: scheduled, logger });

    reportSource(metrics, 'flows', source.counters);
    reportSink(metrics, 'findings', sink.counters);
    reportStore(metrics, store.counters);
    reportDetector(metrics, detector.counters);
    reportScheduledDetections(metrics, schedule.counters);
    const http = new HttpComponent({
      ...configuration.http,
      logger,
      modules: [OperationsModule.with({ checks: [storeComponent, reader, { name: 'findings', check: () => sink.check() }, ...checks], metrics })],
    });

    // The reader starts last and stops first, so that no batch arrives that cannot be stored.
    lifecycle.add(
      http, ...watchers, storeComponent, { name: 'findings sink', stop: () => sink.close() }, schedule, reader,
      { name: 'patience', stop: () => { sink.drain(); store.drain(); } },
    );
  },
};
