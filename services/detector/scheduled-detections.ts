import type { Finding } from '#flow';
import type { Component, Logger, Metrics } from '#runtime';
import type { Store } from '#store';
import type { FindingSink } from '#transport';

/** Runs a statement with `{name:Type}` parameters and returns its rows. */
export type Query = Store['query'];

/** A detection that queries the store regularly, rather than examining each record as it arrives. */
export interface ScheduledDetection {
  /** The store records its progress under this name, which is the same in every process that runs it. */
  readonly name: string;
  /** For metrics and log. */
  readonly title: string;
  readonly intervalMillis: number;
  /**
   * Findings about what was stored since `since` and before `now`: µs of the store's clock. A later run, or another process, may find them again,
   * so their ids and times must be functions of what they are about. They come in batches that fit into memory.
   */
  detect(query: Query, seen: { readonly since: number; readonly now: number }): AsyncIterable<Finding[]>;
}

/** Options of a detection that compares with the baseline of services. */
export interface BaselineOptions {
  intervalMillis: number;
  /** How long a probe must have seen a service before a place counts as new for it, µs. */
  learningMicros: number;
  versions: string;
}

/** Totals by title. */
export class ScheduledCounters {
  readonly runs = new Map<string, number>();
  readonly skipped = new Map<string, number>();
  readonly failures = new Map<string, number>();
  readonly findings = new Map<string, number>();
  readonly seconds = new Map<string, number>();
  /** How far a detection was behind the store when last checked, seconds. */
  readonly lag = new Map<string, number>();
}

export interface ScheduledDetectionsParts {
  store: Pick<Store, 'query' | 'write' | 'detectionRuns' | 'recordDetectionRun' | 'withoutStored'>;
  findings: Pick<FindingSink, 'send'>;
  /** Called before each round, so that changed rules take part in the next. */
  detections(): readonly ScheduledDetection[];
  logger: Pick<Logger, 'warn'>;
}

/** How often to check for detections that are due. */
const roundMillis = 1_000;
/** A detection that takes long runs less often: it rests for this many times its duration. */
const restPerRun = 9;

/**
 * Runs detections when they are due, one after the other. A finding is passed on, then stored, and only then is the progress of the detection
 * recorded: after a kill in between, the next run finds it again, with the same id. Any number of processes may run the same detections: one
 * that another process has just run is skipped, and what two find at the same time ends up in one row.
 */
export class ScheduledDetections implements Component {
  readonly name = 'scheduled detections';
  readonly counters = new ScheduledCounters();
  readonly #parts: ScheduledDetectionsParts;
  readonly #due = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #round: Promise<void> = Promise.resolve();

  constructor(parts: ScheduledDetectionsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#round.then(() => this.#runDue()).finally(() => { if (!this.#stopped) this.start(); });
    }, roundMillis);
  }

  /** Waits for the run in progress. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  /** Runs all of them after the round in progress, for callers that want to report findings in what was just stored. */
  catchUp(): Promise<void> {
    this.#round = this.#round.then(() => this.run(this.#parts.detections(), { alsoRecent: true }));
    return this.#round;
  }

  async #runDue(): Promise<void> {
    const now = performance.now();
    const detections = this.#parts.detections();
    const due = detections.filter(({ name }) => (this.#due.get(name) ?? 0) <= now);
    if (due.length > 0) await this.run(due);
    // Drops the state of rules that are gone.
    for (const name of this.#due.keys()) if (!detections.some((detection) => detection.name === name)) this.#due.delete(name);
    for (const title of this.counters.lag.keys()) if (!detections.some((detection) => detection.title === title)) this.counters.lag.delete(title);
  }

  /**
   * Runs detections now. It never rejects: failures are logged and counted, and retried when the detection is next due.
   * @param alsoRecent whether to run those as well that were run a moment ago
   */
  async run(detections: readonly ScheduledDetection[], { alsoRecent = false } = {}): Promise<void> {
    const { store, logger } = this.#parts;
    for (const detection of detections) {
      if (this.#stopped) return;
      const { name, title, intervalMillis } = detection;
      const started = performance.now();
      try {
        const clock = await store.detectionRuns();
        const since = clock.until.get(name);
        const lag = since === undefined ? 0 : (clock.now - since) / 1e6;
        this.counters.lag.set(title, lag);
        if (!alsoRecent && since !== undefined && lag * 1000 < intervalMillis / 2) {
          add(this.counters.skipped, title, 1);
        } else {
          await this.#runOne(detection, since ?? 0, clock.now);
          add(this.counters.runs, title, 1);
        }
      } catch (error) {
        if (this.#stopped) return; // the store has given up on a server that does not answer
        add(this.counters.failures, title, 1);
        logger.warn({ detection: title, error: (error as Error).message }, 'a scheduled detection failed and will be tried again');
      }
      const tookMillis = performance.now() - started;
      add(this.counters.seconds, title, tookMillis / 1000);
      this.#due.set(name, started + Math.max(intervalMillis, (1 + restPerRun) * tookMillis));
    }
  }

  async #runOne(detection: ScheduledDetection, since: number, now: number): Promise<void> {
    const { store, findings: sink } = this.#parts;
    for await (const batch of detection.detect((sql, params) => store.query(sql, params), { since, now })) {
      const found = await store.withoutStored(batch);
      if (found.length === 0) continue;
      await sink.send(found);
      await store.write([], found);
      add(this.counters.findings, detection.title, found.length);
    }
    await store.recordDetectionRun(detection.name, now);
    this.counters.lag.set(detection.title, 0);
  }
}

function add(counts: Map<string, number>, title: string, amount: number): void {
  counts.set(title, (counts.get(title) ?? 0) + amount);
}

export function reportScheduledDetections(metrics: Metrics, counters: ScheduledCounters): void {
  const label = 'detection';
  metrics.counts('scheduled', counters, {
    runs: { help: 'Completed runs of scheduled detections, such as correlations.', label },
    skipped: { help: 'Runs skipped because another process had just done them.', label },
    failures: { help: 'Runs that failed; they are retried.', label },
    findings: { help: 'Findings of scheduled detections.', label },
    seconds: { help: 'Seconds that runs took, time waiting included.', label },
  });
  metrics.gauge(
    'telltale_scheduled_lag_seconds',
    'How far a scheduled detection was behind the store when it last started.',
    () => counters.lag,
    {},
    label,
  );
}
