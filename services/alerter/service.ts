import type { ServiceContext, ServiceDefinition } from '#runtime';
import type { FindingSource } from '#transport';
import { HttpComponent, OperationsModule } from '../operations/operations.ts';
import { AlerterModule } from './alerter.module.ts';
import { Alerter } from './alerter.ts';
import { alerterSchema } from './configuration.ts';
import { FindingReader } from './finding-reader.ts';

type Context = ServiceContext<ReturnType<typeof alerterSchema.parse>>;

/** The alerter as a service of its own. @param openSource where findings come from; it is not opened before the service starts. */
export function alerterService(openSource: (context: Context) => FindingSource): ServiceDefinition<Context['configuration']> {
  return {
    name: 'alerter',
    schema: alerterSchema,
    build(context) {
      const { configuration, logger, metrics, lifecycle } = context;
      const alerter = new Alerter({ configuration: configuration.alerter, metrics, logger });
      const reader = new FindingReader(openSource(context), alerter, (error) => lifecycle.fail('the reader of findings', error));
      const http = new HttpComponent({
        ...configuration.http, logger,
        modules: [OperationsModule.with({ checks: [{ name: 'journal', check: () => alerter.check() }, reader], metrics }), AlerterModule.with(alerter)],
      });
      // Findings come last and go first: nothing arrives that cannot be written down.
      lifecycle.add(alerter, http, reader);
    },
  };
}
