import type { ServiceContext, ServiceDefinition } from '#runtime';
import type { FindingSource } from '#transport';
import { HttpComponent, OperationsModule } from '../operations/operations.ts';
import { RecordReader } from '../record-reader.ts';
import { AlerterModule } from './alerter.module.ts';
import { Alerter } from './alerter.ts';
import { alerterSchema } from './configuration.ts';

export type AlerterContext = ServiceContext<ReturnType<typeof alerterSchema.parse>>;

/** The alerter as a separate service. @param openSource opens the source of findings; it is called only when the service starts. */
export function alerterService(openSource: (context: AlerterContext) => FindingSource): ServiceDefinition<AlerterContext['configuration']> {
  return {
    name: 'alerter',
    schema: alerterSchema,
    build(context) {
      const { configuration, logger, metrics, lifecycle } = context;
      const alerter = new Alerter({ configuration: configuration.alerter, metrics, logger });
      const reader = new RecordReader(
        'findings',
        openSource(context),
        (findings) => alerter.handle(findings),
        (error) => lifecycle.fail('the reader of findings', error),
      );
      const http = new HttpComponent({
        ...configuration.http,
        logger,
        modules: [
          OperationsModule.with({ checks: [alerter, reader], metrics }),
          AlerterModule.with(alerter),
        ],
      });
      // The source of findings starts last and stops first, so that no finding arrives that cannot be written.
      lifecycle.add(alerter, http, reader);
    },
  };
}
