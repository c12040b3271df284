/** Something in the configuration that cannot be used. It never holds a value, which may be a secret. */
export interface ConfigurationProblem {
  /** `kafka.brokers`, or empty when the whole file is meant. */
  readonly option: string;
  /** `telltale.yaml:3:5` or `environment variable TELLTALE_KAFKA_BROKERS`. */
  readonly where: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** All problems at once, so that one run is enough to find them. */
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
