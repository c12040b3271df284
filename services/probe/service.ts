import type { z } from 'zod';
import { kafkaConnection, type ServiceDefinition } from '#runtime';
import { KafkaFlowSink } from '#transport';
import { HttpComponent, OperationsModule, reportProbe, reportSink } from '../operations/operations.ts';
import { probeSchema } from './configuration.ts';
import { createPipeline } from './create.ts';
import { sourceOf, type ProbeInputs } from './sources.ts';
import { loadOrCreateTokenKey } from './token-key.ts';
import { reportWatchlists, WatchlistWatcher } from './watchlist-watcher.ts';
import { startWorkers } from './workers.ts';

/** The probe as a separate service: source → flow records → flow log. It ends once all files are read, unless it follows, listens or captures. */
export function probeService(inputs: ProbeInputs): ServiceDefinition<z.output<typeof probeSchema>> {
  return {
    name: 'probe',
    schema: probeSchema,
    async build({ configuration, logger, metrics, lifecycle }) {
      const { name, key, networks, templates, positions, live, watchlists: folder, tables } = configuration.probe;
      if (inputs.captures.length === 0 && inputs.listen === undefined && inputs.interface === undefined && live.interface === undefined) {
        throw new Error('there is nothing to read: name a FILE, DIR or -, use --interface or --listen, or configure probe.live.interface');
      }
      const options = { tokenKey: await loadOrCreateTokenKey(key), observer: name, monitoredNetworks: networks, tables };
      const pipeline = createPipeline(options);
      const workers = startWorkers({ ...options, workers: inputs.workers ?? 1 });
      const watchlists = new WatchlistWatcher({ folder, tokenKey: options.tokenKey, pipeline, workers, logger });
      const sink = new KafkaFlowSink({ ...kafkaConnection(configuration.kafka, 'telltale-probe'), logger });
      const { source, checks, endless } = sourceOf(inputs, {
        pipeline, workers, sink, logger, metrics, templates, positions, live,
        onFailure: (error) => lifecycle.fail('the probe', error),
        onDone: (unreadable) =>
          unreadable === 0 ? lifecycle.finish() : lifecycle.fail('the probe', new Error(`${unreadable} of the captures could not be read`)),
        onLeft: (captures) =>
          lifecycle.leaveUndone(
            'the probe was stopped before all was read and accepted by Kafka: read the captures again, which counts nothing twice',
            { captures },
          ),
      });
      const closeSink = async (): Promise<void> => {
        await sink.close();
        const { closed: records = 0 } = sink.counters.rejected;
        if (records > 0 && endless && !inputs.follow)
          lifecycle.leaveUndone('the probe ended before Kafka accepted all records, and they cannot be read again', { records });
      };
      reportProbe(metrics, pipeline);
      reportWatchlists(metrics, watchlists);
      reportSink(metrics, 'flows', sink.counters);
      const http = new HttpComponent({
        ...configuration.http, logger,
        modules: [OperationsModule.with({ checks: [...checks, { name: 'kafka', check: () => sink.check() }], metrics })],
      });
      // Components stop in reverse order: the source waits for its records to be accepted, which may never happen while Kafka is unreachable.
      lifecycle.add(
        http, { name: 'flow sink', stop: closeSink }, watchlists, { name: 'workers', stop: () => workers?.close() }, source,
        { name: 'patience of the flow sink', stop: () => sink.drain() },
      );
    },
  };
}
