export { loadConfig, type ConfigurationSources } from './configuration.ts';
export { ConfigurationError, type ConfigurationProblem } from './configuration-problem.ts';
export { renderConfigurationReference, type ConfiguredService } from './reference.ts';
export { secretsOf } from './options.ts';
export {
  clickhouseSection,
  httpSection,
  kafkaConnection,
  kafkaSection,
  logSection,
  logSectionFrom,
  sectionNames,
  shutdownSection,
} from './sections.ts';
export { duration, interval, size } from './values.ts';
export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { Metrics, type Count, type CountHelp, type Labels } from './metrics.ts';
export { Lifecycle, runToExit, type Component, type LifecycleOptions } from './lifecycle.ts';
export { backoffMillis, pauseFor, retry, type Backoff, type RetryOptions } from './retry.ts';
export { runService, type ServiceContext, type ServiceDefinition, type CommonSections } from './service.ts';
export { makeFolder, makeWritableFolder, whyUnwritable } from './folder.ts';
export { projectRoot, version } from './project.ts';
export { nearest } from './suggestion.ts';
