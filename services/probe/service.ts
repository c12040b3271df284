import type { z } from 'zod';
import { kafkaConnection, type Component, type ServiceDefinition } from '#runtime';
import { KafkaFlowSink } from '#transport';
import { HttpComponent, OperationsModule, reportProbe, reportSink } from '../operations/operations.ts';
import { CaptureSource, type CaptureSourceOptions } from './capture-source.ts';
import { probeSchema } from './configuration.ts';
import { createPipeline } from './create.ts';
import { ExportListener, type ListenAddress } from './export-listener.ts';
import { FollowSource } from './follow-source.ts';
import { loadOrCreateTokenKey } from './token-key.ts';
import { startWorkers } from './workers.ts';

export interface ProbeInputs {
  /** Captures and logs: files, folders, or `-`. */
  captures: readonly string[];
  /** They are files that grow: read on, also when they are rotated. */
  follow?: boolean;
  /** Threads that share the packets of a capture. */
  workers?: number;
  /** Where to listen for flow exports instead. */
  listen?: ListenAddress;
}

/** The probe as a service of its own: captures, logs or flow exports → flow records → flow log. It ends when all files are read, unless it follows or listens. */
export function probeService(inputs: ProbeInputs): ServiceDefinition<z.output<typeof probeSchema>> {
  return {
    name: 'probe',
    schema: probeSchema,
    async build({ configuration, logger, metrics, lifecycle }) {
      const { name, key, networks, templates } = configuration.probe;
      const options = { tokenKey: await loadOrCreateTokenKey(key), observer: name, monitoredNetworks: networks };
      const pipeline = createPipeline(options);
      const workers = startWorkers({ ...options, workers: inputs.workers ?? 1 });
      const sink = new KafkaFlowSink({ ...kafkaConnection(configuration.kafka, 'telltale-probe'), logger });
      const onFailure = (error: unknown): void => lifecycle.fail('the flow log', error);
      const source = sourceOf(inputs, templates, {
        pipeline, sink, logger, onFailure, workers,
        onDone: (unreadable) => (unreadable === 0 ? lifecycle.finish() : lifecycle.fail('the probe', new Error(`${unreadable} of the captures could not be read`))),
      });
      reportProbe(metrics, pipeline);
      reportSink(metrics, 'flows', sink.counters);
      const http = new HttpComponent({ ...configuration.http, logger, modules: [OperationsModule.with({ checks: [], metrics })] });
      lifecycle.add(http, { name: 'flow sink', stop: () => sink.close() }, { name: 'workers', stop: () => workers?.close() }, source);
    },
  };
}

function sourceOf({ captures, follow, listen }: ProbeInputs, templates: string, common: Omit<CaptureSourceOptions, 'captures'>): Component {
  if (listen) return new ExportListener({ ...common, listen, templates, now: () => Date.now() * 1000 });
  return follow ? new FollowSource({ ...common, files: captures }) : new CaptureSource({ ...common, captures });
}
