import path from 'node:path';
import type { z } from 'zod';
import type { Finding, FlowRecord } from '#flow';
import { projectRoot, type ServiceContext, type ServiceDefinition } from '#runtime';
import { openStore, type Store } from '#store';
import { inProcessLog, type FindingSink } from '#transport';
import { AlerterModule } from '../alerter/alerter.module.ts';
import { Alerter } from '../alerter/alerter.ts';
import { Detector } from '../detector/detector.ts';
import { liveDetection } from '../detector/live-detection.ts';
import { reportScheduledDetections, ScheduledDetections } from '../detector/scheduled-detections.ts';
import { HttpComponent, OperationsModule, reportDetector, reportProbe, reportSink, reportSource, reportStore } from '../operations/operations.ts';
import type { CaptureInput } from '../probe/captures.ts';
import { createPipeline } from '../probe/create.ts';
import { ensureDemonstration } from '../probe/demonstration-file.ts';
import type { ProbePipeline } from '../probe/pipeline.ts';
import { sourceOf, type ProbeInputs } from '../probe/sources.ts';
import { loadOrCreateTokenKey } from '../probe/token-key.ts';
import { reportWatchlists, WatchlistWatcher } from '../probe/watchlist-watcher.ts';
import { RecordReader } from '../record-reader.ts';
import { ReviewModule } from '../review/review.module.ts';
import { StoreComponent } from '../store-component.ts';
import { standaloneSchema } from './configuration.ts';
import { dataFolder, makeDataFolder } from './data-folder.ts';

type Configuration = z.output<typeof standaloneSchema>;

/** What standalone tells of itself and its captures. */
export interface StandaloneReport {
  /** With `folder` as its data folder. */
  starting(folder: string): void;
  progress(input: CaptureInput, bytes: number, packets: number): void;
  found(findings: readonly Finding[]): void;
  /** What never ends by itself, such as `interface eth0`, is being read. */
  reading(what: string, url: string): void;
  /** All captures were read. `stored` counts the findings in the store, those of earlier runs included. */
  done(outcome: { pipeline: ProbePipeline; unreadable: number; stored: number; url: string }): void;
}

export interface StandaloneOptions {
  /** What to read after the start; no files are none, unless an interface is configured. */
  readonly inputs: ProbeInputs;
  /** Also read the demonstration capture, which is made in the data folder. */
  readonly demonstration: boolean;
  /** Goes before the configured data folder. */
  readonly data?: string;
  /** Tells the person at the terminal what happens. */
  readonly report: StandaloneReport;
}

/** Probe, detector, alerter, review page and an embedded ClickHouse in one process; logs in process where Kafka stands otherwise. */
export function standaloneService({ inputs, demonstration, data, report }: StandaloneOptions): ServiceDefinition<Configuration> {
  return {
    name: 'telltale',
    schema: standaloneSchema,
    async build({ configuration, logger, metrics, lifecycle }) {
      const place = path.resolve(projectRoot, data ?? configuration.standalone.data);
      const folder = dataFolder(place);
      report.starting(place);
      await makeDataFolder(place);
      if (demonstration) await ensureDemonstration(folder.demonstration);
      const captures = demonstration ? [...inputs.captures, folder.demonstration] : inputs.captures;
      const { detection, watchers, checks: tableChecks, scheduled } = await liveDetection(configuration.standalone, { logger, metrics });
      const store = await openStore({ path: folder.clickhouse, warn: (message) => logger.warn(message) });
      const flows = inProcessLog<FlowRecord>();
      const tokenKey = await loadOrCreateTokenKey(folder.tokenKey);
      const pipeline = createPipeline({ tokenKey, tables: configuration.standalone.tables });
      const watchlists = new WatchlistWatcher({ folder: folder.watchlists, tokenKey, pipeline, logger });
      const alerting =
        configuration.alerter.receivers.length > 0 ? standaloneAlerter({ configuration, logger, metrics, lifecycle }, folder.alerter) : undefined;
      const findings: FindingSink = {
        send: async (found) => {
          report.found(found);
          await alerting?.sink.send(found);
        },
        close: async () => {},
      };
      const detector = new Detector(detection, store, findings, logger);
      const schedule = new ScheduledDetections({ store, findings, detections: scheduled, logger });
      const storeComponent = new StoreComponent(store);
      const detectorReader = new RecordReader('flow records', flows.source, detector.handle, (error) => lifecycle.fail('the detector', error));

      reportProbe(metrics, pipeline);
      reportWatchlists(metrics, watchlists);
      reportSink(metrics, 'flows', flows.sink.counters);
      reportSource(metrics, 'flows', flows.source.counters);
      reportDetector(metrics, detector.counters);
      reportScheduledDetections(metrics, schedule.counters);
      reportStore(metrics, store.counters);

      const { source, checks, endless } = sourceOf({ ...inputs, captures }, {
        pipeline, sink: flows.sink, logger, metrics, live: configuration.standalone.live, templates: folder.templates, positions: folder.positions,
        onProgress: report.progress,
        onDone: (unreadable) => void schedule.catchUp()
          .then(async () => report.done({ pipeline, unreadable, stored: await storedFindings(store), url: http.url }))
          .catch((error: unknown) => lifecycle.fail('the report', error)),
        onFailure: (error) => lifecycle.fail('the probe', error),
      });
      const http = new HttpComponent({
        ...configuration.http, logger,
        modules: [
          OperationsModule.with({ checks: [storeComponent, detectorReader, ...tableChecks, ...checks, ...(alerting?.checks ?? [])], metrics }),
          ReviewModule.over(store, { projectRoot }),
          ...(alerting?.modules ?? []),
        ],
      });
      // As the data flows, from the end to the beginning: each part starts after those it hands on to, and stops before them.
      lifecycle.add(...watchers, storeComponent, ...(alerting?.components ?? []), schedule, detectorReader, http, watchlists, source);
      if (endless !== null) lifecycle.add({ name: 'report', start: () => report.reading(endless, http.url) });
    },
  };
}

async function storedFindings(store: Store): Promise<number> {
  const [row] = await store.query<{ stored: number }>('SELECT uniqExact(event_id) AS stored FROM findings');
  return Number(row!.stored);
}

/** The alerter behind an in-process log of findings. Without a configured receiver there is none. */
function standaloneAlerter({ configuration, logger, metrics, lifecycle }: ServiceContext<Configuration>, state: string) {
  const log = inProcessLog<Finding>();
  const alerter = new Alerter({ configuration: { ...configuration.alerter, state }, metrics, logger });
  const reader = new RecordReader('findings', log.source, (batch) => alerter.handle(batch), (error) => lifecycle.fail('the alerter', error));
  reportSource(metrics, 'findings', log.source.counters);
  return { sink: log.sink, checks: [alerter, reader], modules: [AlerterModule.with(alerter)], components: [alerter, reader] };
}
