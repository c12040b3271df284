/** A part of the configuration that cannot be used. Never contains a value, which may be a secret. */
export interface ConfigurationProblem {
  /** `kafka.brokers`, or empty for the file as a whole. */
  readonly option: string;
  /** `telltale.yaml:3:5` or `environment variable TELLTALE_KAFKA_BROKERS`. */
  readonly where: string;
  readonly message: string;
  /** How to fix it. */
  readonly remedy: string;
}

/** Reports all problems at once, so that one run is enough to find them. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'CONFIGURATION';
  readonly problems: readonly ConfigurationProblem[];

  constructor(problems: readonly ConfigurationProblem[]) {
    const lines = problems.map(({ option, where, message, remedy }) => `  ${where}: ${option ? `${option}: ` : ''}${message}. ${remedy}.`);
    super(`The configuration cannot be used:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}
