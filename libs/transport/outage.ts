import { innermostCause } from './errors.ts';
import type { TransportLogger } from './logger.ts';
import { isRefusal, refusalOf, type Access } from './refusal.ts';

/** Logs when an outage begins, when its reason changes, and when it ends. Attempts in between are left to counters. */
export class Outage {
  readonly #logger: TransportLogger;
  readonly #access: Access;
  readonly #doing: string;
  #reason = '';
  #since = 0;
  #failures = 0;

  /** @param doing the activity that fails, such as `sending to Kafka` */
  constructor(logger: TransportLogger, access: Access, doing: string) {
    this.#logger = logger;
    this.#access = access;
    this.#doing = doing;
  }

  /** Why attempts are failing; empty if all is well. */
  get reason(): string {
    return this.#reason;
  }

  /** Consecutive failures. */
  get failures(): number {
    return this.#failures;
  }

  failed(error: unknown): void {
    if (this.#failures++ === 0) this.#since = performance.now();
    const reason = reasonOf(error, this.#access);
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#logger[isRefusal(error) ? 'error' : 'warn'](
      { topic: this.#access.topic, error: reason }, `${this.#doing} failed: retrying until it succeeds`,
    );
  }

  ended(): void {
    if (this.#failures === 0) return;
    const seconds = Math.round((performance.now() - this.#since) / 100) / 10;
    this.#logger.info({ topic: this.#access.topic, failures: this.#failures, seconds }, `${this.#doing} goes on`);
    this.#failures = 0;
    this.#reason = '';
  }
}

/** Why the brokers, or the connection to them, failed; with the remedy if a person has to fix it. */
function reasonOf(error: unknown, access: Access): string {
  const { name, type } = innermostCause(error) as Error & { type?: string };
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return `there is no topic ${access.topic}: telltale migrate creates it`;
  if (name === 'KafkaJSConnectionClosedError')
    return `Kafka at ${access.connection.brokers.join(', ')} closed the connection: it is stopping, or requires a login (kafka.sasl) or `
      + 'TLS (kafka.tls)';
  return refusalOf(error, access) ?? (error as Error).message;
}
