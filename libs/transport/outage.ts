import type { TransportLogger } from './logger.ts';

/** Logs when an outage begins, when its reason changes, and when it ends. Attempts in between are left to counters. */
export class Outage {
  readonly #logger: TransportLogger;
  readonly #topic: string;
  readonly #doing: string;
  #reason = '';
  #since = 0;
  #failures = 0;

  /** @param doing the activity that fails, such as `sending to Kafka` */
  constructor(logger: TransportLogger, topic: string, doing: string) {
    this.#logger = logger;
    this.#topic = topic;
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
    const reason = reasonOf(error, this.#topic);
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#logger.warn({ topic: this.#topic, error: reason }, `${this.#doing} failed: it is tried again until it succeeds`);
  }

  ended(): void {
    if (this.#failures === 0) return;
    const seconds = Math.round((performance.now() - this.#since) / 100) / 10;
    this.#logger.info({ topic: this.#topic, failures: this.#failures, seconds }, `${this.#doing} goes on`);
    this.#failures = 0;
    this.#reason = '';
  }
}

/** Why the brokers, or the connection to them, failed; with the remedy if a person has to fix it. */
function reasonOf(error: unknown, topic: string): string {
  const { type, message } = error as { type?: string; message: string };
  return type === 'UNKNOWN_TOPIC_OR_PARTITION' ? `there is no topic ${topic}: telltale migrate makes it` : message;
}
