import type { z } from 'zod';
import { loadConfig } from './configuration.ts';
import { ConfigurationError } from './configuration-problem.ts';
import { Lifecycle, runToExit } from './lifecycle.ts';
import { createLogger, type Logger } from './logger.ts';
import { Metrics } from './metrics.ts';
import { secretsOf } from './options.ts';
import { version } from './project.ts';
import type { logSection, shutdownSection } from './sections.ts';

/** Sections in the configuration of every service. */
export interface CommonSections {
  readonly log: z.output<typeof logSection>;
  readonly shutdown: z.output<typeof shutdownSection>;
}

export interface ServiceContext<Configuration> {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
}

export interface ServiceDefinition<Configuration extends CommonSections> {
  readonly name: string;
  readonly schema: z.ZodType<Configuration>;
  /** Adds the service's components to the lifecycle, in the order in which they start, without starting any. */
  readonly build: (context: ServiceContext<Configuration>) => void | Promise<void>;
}

/**
 * Runs a service as this process: reads its configuration, builds it, runs it until a signal, and ends the process. Exit code 2: the configuration
 * cannot be used. 1: the service failed, or was stopped before it had completed work that has an end. 0: it was stopped.
 *
 * @param file YAML configuration file, from the command line.
 */
export async function runService<Configuration extends CommonSections>(
  { name, schema, build }: ServiceDefinition<Configuration>,
  file?: string,
): Promise<never> {
  const configuration = configurationOrExit(schema, file);
  const logger = createLogger({ name, ...configuration.log, secrets: secretsOf(schema, configuration) });
  const metrics = new Metrics();
  metrics.gauge('telltale_build_info', 'Always 1; the labels name the service and its version.', () => 1, { service: name, version });
  const lifecycle = new Lifecycle({ logger, shutdownMillis: configuration.shutdown.timeout });
  try {
    await build({ configuration, logger, metrics, lifecycle });
  } catch (error) {
    logger.fatal({ err: error }, 'the service could not be built');
    process.exit(1);
  }
  return runToExit(lifecycle);
}

function configurationOrExit<Configuration>(schema: z.ZodType<Configuration>, file: string | undefined): Configuration {
  try {
    return loadConfig(schema, { environment: process.env, file });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}
