import type { Component, Logger, Metrics } from '#runtime';
import type { RulePack } from '#rules';
import type { Detection } from './detection.ts';
import { loadRules, type LoadedDetection } from './packs.ts';
import { folderState, shippedRules } from './rule-folder.ts';

export interface PackWatcherOptions {
  root: string;
  /** Folder of rules; the built-in pack if left out. */
  folder?: string;
  intervalMillis: number;
  logger: Pick<Logger, 'info' | 'error'>;
}

/**
 * Checks the folder of rules regularly, and passes changed rules to the detection: all of them, or none if one has an error. A batch is
 * evaluated by one pack from its first record to its last. A change is loaded once two checks see the same, so that a folder that is being
 * copied is not loaded half-way.
 */
export class PackWatcher implements Component {
  readonly name = 'rule folder';
  readonly counters = { reloads: 0, reloadsRefused: 0 };
  readonly #detection: Detection;
  readonly #versionsWith: LoadedDetection['versionsWith'];
  readonly #vocabulary: LoadedDetection['vocabulary'];
  readonly #options: PackWatcherOptions;
  readonly #folder: string;
  #pack: RulePack;
  #loadedState: string | undefined;
  #lastState: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(
    { detection, versionsWith, pack, vocabulary }: Pick<LoadedDetection, 'detection' | 'versionsWith' | 'pack' | 'vocabulary'>,
    options: PackWatcherOptions,
  ) {
    this.#detection = detection;
    this.#versionsWith = versionsWith;
    this.#vocabulary = vocabulary;
    this.#pack = pack;
    this.#options = options;
    this.#folder = options.folder ?? shippedRules(options.root);
  }

  /** The rules in use. */
  get pack(): RulePack {
    return this.#pack;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking ??= this.look().finally(() => { this.#looking = undefined; });
    }, this.#options.intervalMillis);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Checks the folder once. It never rejects: errors are logged and counted, and the rules in use stay. */
  async look(): Promise<void> {
    const { logger, root } = this.#options;
    let state = '';
    try {
      state = await folderState(this.#folder);
      const settled = state === this.#lastState;
      this.#lastState = state;
      if (!settled || state === this.#loadedState) return;
      this.#loadedState = state;
      const { pack, exceptions } = await loadRules(root, this.#vocabulary, this.#folder);
      if (pack.version === this.#pack.version) return;
      this.#pack = pack;
      this.#detection.use(pack, exceptions, this.#versionsWith({ rules: pack.version }));
      this.counters.reloads += 1;
      logger.info({ rules: pack.plan.rules.length, version: pack.version }, 'the changed rules are in use');
    } catch (error) {
      // A folder that cannot be read is logged once, like one with an error.
      if (state === '' && this.#lastState === undefined) return;
      if (state === '') this.#lastState = undefined;
      this.counters.reloadsRefused += 1;
      logger.error({ error: (error as Error).message }, 'the changed rules cannot be used, and the previous ones stay in use');
    }
  }
}

/** Registers the counters of rules and exceptions as metrics. */
export function reportRules(metrics: Metrics, detection: Pick<Detection, 'counters'>, watcher: Pick<PackWatcher, 'counters'>): void {
  metrics.counts('detector', detection.counters, {
    suppressed: { help: 'Rule matches suppressed by an exception, by exception.', label: 'exception' },
  });
  metrics.counts('detector', watcher.counters, {
    reloads: 'Reloads of changed rules.',
    reloadsRefused: 'Changes of rules refused because of an error; the rules in use stay.',
  });
}
