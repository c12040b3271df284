import type { Component, Logger, Metrics } from '#runtime';
import type { ProbePipeline } from './pipeline.ts';
import { readWatchlists, watchKeyOf, watchlistState, watchOf } from './watchlists.ts';
import type { ProbeWorkers } from './workers.ts';

export interface WatchlistWatcherOptions {
  folder: string;
  tokenKey: Uint8Array;
  pipeline: Pick<ProbePipeline, 'watch'>;
  /** Threads that read alongside the pipeline. */
  workers?: Pick<ProbeWorkers, 'watch'> | undefined;
  logger: Pick<Logger, 'info' | 'error'>;
}

const intervalMillis = 5000;

/**
 * Checks the folder of watchlists regularly, and passes changed lists to the pipeline: all of them, or none if one has an error. A message
 * is searched with the lists that were in use when it began.
 */
export class WatchlistWatcher implements Component {
  readonly name = 'watchlists';
  readonly counters = { watchlistReloads: 0, watchlistReloadsRefused: 0 };
  readonly #options: WatchlistWatcherOptions;
  #state = '';
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: WatchlistWatcherOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.look();
    this.#timer = setInterval(() => {
      this.#looking ??= this.look().finally(() => { this.#looking = undefined; });
    }, intervalMillis);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Checks the folder once. It never rejects: errors are logged and counted, and the lists in use stay. */
  async look(): Promise<void> {
    const { folder, tokenKey, pipeline, workers, logger } = this.#options;
    try {
      const state = await watchlistState(folder);
      if (state === this.#state) return;
      this.#state = state;
      const lists = await readWatchlists(folder, watchKeyOf(tokenKey).keyId);
      pipeline.watch(watchOf(lists, tokenKey));
      workers?.watch(lists);
      this.counters.watchlistReloads += 1;
      logger.info({ folder, lists: state === '' ? 0 : state.split('\n').length }, 'the watchlists were loaded');
    } catch (error) {
      this.counters.watchlistReloadsRefused += 1;
      logger.error({ error: (error as Error).message }, 'the changed watchlists cannot be used, and the previous ones stay in use');
    }
  }
}

export function reportWatchlists(metrics: Metrics, { counters }: Pick<WatchlistWatcher, 'counters'>): void {
  metrics.counts('probe', counters, {
    watchlistReloads: 'Loads of watchlists, at the start and after changes.',
    watchlistReloadsRefused: 'Changes of watchlists refused because of an error; the watchlists in use stay.',
  });
}
