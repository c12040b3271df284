import { Metrics, createLogger } from '#runtime';
import { createSinkCounters, createSourceCounters } from '#transport';
import { Alerter } from '../services/alerter/alerter.ts';
import { alerterSection } from '../services/alerter/configuration.ts';
import { reportGeoTables } from '../services/detector/detection-tables.ts';
import { DetectorCounters } from '../services/detector/detector.ts';
import { reportRules } from '../services/detector/pack-watcher.ts';
import { reportScheduledDetections, ScheduledCounters } from '../services/detector/scheduled-detections.ts';
import {
  reportDetector,
  reportFollow,
  reportLive,
  reportProbe,
  reportSink,
  reportSocket,
  reportSource,
  reportStore,
} from '../services/operations/operations.ts';
import { createPipeline } from '../services/probe/create.ts';
import { reportWatchlists } from '../services/probe/watchlist-watcher.ts';

/** docs/metrics.md: every metric that a service of Telltale exports, from the code that registers it. */
export async function metricsReference(): Promise<string> {
  const sections: [string, (metrics: Metrics) => void][] = [
    ['Probe', (metrics) => {
      reportProbe(metrics, createPipeline({ tokenKey: new Uint8Array(32) }));
      reportWatchlists(metrics, { counters: { watchlistReloads: 0, watchlistReloadsRefused: 0 } });
      reportLive(metrics, { counters: { restarts: 0 }, delaySeconds: 0 });
      reportFollow(metrics, { counters: { resumed: 0, lostRests: 0, passedOver: 0, forgottenPositions: 0, saveFailures: 0 }, files: 0 });
      reportSocket(metrics, { counters: { connections: 0, refused: 0 }, writers: 0 });
      reportSink(metrics, 'flows', createSinkCounters());
    }],
    ['Detector', (metrics) => {
      reportSource(metrics, 'flows', createSourceCounters());
      reportDetector(metrics, new DetectorCounters());
      reportRules(metrics, { counters: { suppressed: new Map() } }, { counters: { reloads: 0, reloadsRefused: 0 } });
      reportScheduledDetections(metrics, new ScheduledCounters());
      reportGeoTables(metrics, { ages: () => ({}), faults: () => 0, counters: { reloads: 0, failures: 0 } });
      reportStore(metrics, { flows: 0, findings: 0, hits: 0, rejected: 0, retries: 0, rollupMinutes: 0, rollupFailures: 0 });
      reportSink(metrics, 'findings', createSinkCounters());
    }],
    ['Alerter', (metrics) => {
      const receivers = [{ type: 'alertmanager', name: 'alertmanager', url: 'http://127.0.0.1:9093' }];
      const configuration = alerterSection.parse({ receivers });
      void new Alerter({ configuration, metrics, logger: createLogger({ name: 'reference', level: 'silent' }) });
      reportSource(metrics, 'findings', createSourceCounters());
    }],
  ];
  const texts = await Promise.all(sections.map(async ([title, register]) => {
    const metrics = new Metrics({ process: false });
    register(metrics);
    return `## ${title}\n\n${await metrics.reference()}`;
  }));
  return `# Metrics

Generated from the services by \`npm run generate\`. Each service serves them in Prometheus's text format under \`/metrics\`, beside Node's own
process metrics and \`telltale_build_info\`. Standalone has those of all services.

${texts.join('\n')}`;
}
