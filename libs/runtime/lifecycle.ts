import type { Logger } from './logger.ts';

/** A part of a service. Creating it has no effect; `start` makes it work, `stop` ends it and waits until it has ended. */
export interface Component {
  readonly name: string;
  start?(): Promise<void> | void;
  stop?(): Promise<void> | void;
}

export interface LifecycleOptions {
  readonly logger: Logger;
  /** How long stopping may take in all, in milliseconds. */
  readonly shutdownMillis: number;
}

/** Starts components in the given order, and stops them in reverse. */
export class Lifecycle {
  readonly #logger: Logger;
  readonly #shutdownMillis: number;
  readonly #components: Component[] = [];
  readonly #started: Component[] = [];
  #stopping: Promise<string[]> | undefined;
  #leftUndone = false;
  #end: (failure: Error | undefined) => void = () => {};
  readonly #ended = new Promise<Error | undefined>((resolve) => { this.#end = resolve; });

  constructor({ logger, shutdownMillis }: LifecycleOptions) {
    this.#logger = logger;
    this.#shutdownMillis = shutdownMillis;
  }

  add(...components: Component[]): this {
    this.#components.push(...components);
    return this;
  }

  /** Starts all components. If one fails, stops those before it and throws its error. */
  async start(): Promise<void> {
    for (const component of this.#components) {
      if (this.#stopping) return;
      // Before it has started, since a start that fails halfway may leave something to stop.
      this.#started.push(component);
      try {
        await component.start?.();
      } catch (error) {
        await this.stop();
        throw error;
      }
      this.#logger.debug({ component: component.name }, 'started');
    }
  }

  /** Stops all components that were started. Never rejects; returns the names of those that failed or hung. */
  stop(): Promise<string[]> {
    return (this.#stopping ??= this.#stopAll());
  }

  /** Call if a component cannot continue: ends `run` with this error. */
  fail(component: string, error: unknown): void {
    this.#end(new Error(`${component} cannot go on`, { cause: error }));
  }

  /** Call if a component was stopped before the work of the process was done: nothing failed, but `run` returns 1, and logs `what`. */
  leaveUndone(what: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#leftUndone = true;
    this.#logger.error(fields, what);
  }

  /** Call when all work is done: ends `run` without an error. */
  finish(): void {
    this.#end(undefined);
  }

  /**
   * Starts all components, runs until SIGINT, SIGTERM, `finish` or `fail`, stops all, and returns the exit code. A second signal ends the process at
   * once; a stop that takes too long ends it too, with exit code 1.
   */
  async run(): Promise<number> {
    const onSignal = (signal: NodeJS.Signals) => {
      if (this.#stopping || signalled) {
        this.#logger.error({ signal }, 'a second signal was received: ending without waiting');
        process.exit(1);
      }
      signalled = true;
      this.#logger.info({ signal }, 'stopping');
      this.finish();
    };
    let signalled = false;
    const onRejection = (error: unknown) => {
      this.#logger.fatal({ err: error }, 'an error was not handled');
      this.fail('the process', error);
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('unhandledRejection', onRejection).on('uncaughtException', onRejection);
    try {
      // A signal during a long start must not wait for it.
      const start = this.start();
      start.catch(() => {});
      await Promise.race([start, this.#ended]);
      const failure = await this.#ended;
      if (failure) this.#logger.fatal({ err: failure }, 'failed');
      const hung = await this.stop();
      return failure || hung.length > 0 || this.#leftUndone ? 1 : 0;
    } catch (error) {
      this.#logger.fatal({ err: error }, 'the service could not start');
      return 1;
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('unhandledRejection', onRejection).off('uncaughtException', onRejection);
    }
  }

  async #stopAll(): Promise<string[]> {
    const deadline = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => deadline.resolve('late'), this.#shutdownMillis);
    const troubled: string[] = [];
    for (const component of this.#started.toReversed()) {
      const outcome = await Promise.race([stopOne(component), deadline.promise]);
      if (outcome === 'stopped') continue;
      troubled.push(component.name);
      if (outcome === 'late')
        this.#logger.error({ component: component.name, shutdownMillis: this.#shutdownMillis }, `${component.name} did not stop in time`);
      else this.#logger.error({ component: component.name, err: outcome }, `${component.name} failed to stop`);
    }
    clearTimeout(timer);
    return troubled;
  }
}

async function stopOne(component: Component): Promise<'stopped' | Error> {
  try {
    await component.stop?.();
    return 'stopped';
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Runs a service to its end and exits with its exit code: the last line of a `main.ts`. */
export async function runToExit(lifecycle: Lifecycle): Promise<never> {
  process.exit(await lifecycle.run());
}
