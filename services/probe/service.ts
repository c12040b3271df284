import type { z } from 'zod';
import { kafkaConnection, type ServiceDefinition } from '#runtime';
import { KafkaFlowSink } from '#transport';
import { HttpComponent, OperationsModule, reportProbe, reportSink } from '../operations/operations.ts';
import { CaptureSource } from './capture-source.ts';
import { probeSchema } from './configuration.ts';
import { createPipeline } from './create.ts';
import { loadOrCreateTokenKey } from './token-key.ts';

/** The probe as a service of its own: captures → flow records → flow log. It ends when all captures are read. */
export function probeService(captures: readonly string[]): ServiceDefinition<z.output<typeof probeSchema>> {
  return {
    name: 'probe',
    schema: probeSchema,
    async build({ configuration, logger, metrics, lifecycle }) {
      const { name, key, networks } = configuration.probe;
      const pipeline = createPipeline({ tokenKey: await loadOrCreateTokenKey(key), observer: name, monitoredNetworks: networks });
      const sink = new KafkaFlowSink({ ...kafkaConnection(configuration.kafka, 'telltale-probe'), logger });
      const source = new CaptureSource({
        captures, pipeline, sink, logger,
        onDone: (unreadable) => (unreadable === 0 ? lifecycle.finish() : lifecycle.fail('the probe', new Error(`${unreadable} of the captures could not be read`))),
        onFailure: (error) => lifecycle.fail('the flow log', error),
      });
      reportProbe(metrics, pipeline);
      reportSink(metrics, 'flows', sink.counters);
      const http = new HttpComponent({ ...configuration.http, logger, modules: [OperationsModule.with({ checks: [], metrics })] });
      lifecycle.add(http, { name: 'flow sink', stop: () => sink.close() }, source);
    },
  };
}
