import type { FlowRecord } from '#flow';
import type { Store } from '#store';
import type { FindingSink } from '#transport';
import type { Detection } from './detection.ts';
import { LinkHistory } from './link-history.ts';

/** What the detector exports as metrics beside its parts' counters. */
export class DetectorCounters {
  records = 0;
  batches = 0;
  findings: Record<string, number> = {};
  detectSeconds = 0;
  storeSeconds = 0;
  recalledSubjects = 0;
  recalledRecords = 0;
  recallsCut = 0;
}

/**
 * One batch at a time: ask what came before of subjects that are new, enrich and evaluate, store, hand findings on. It resolves when all of
 * that is done, and only then may the source's position move. A batch that comes again changes nothing, since ids are functions of content.
 */
export class Detector {
  readonly counters = new DetectorCounters();
  readonly #detection: Detection;
  readonly #store: Pick<Store, 'write' | 'query'>;
  readonly #history: LinkHistory;
  readonly #findings: FindingSink;

  constructor(detection: Detection, store: Pick<Store, 'write' | 'query'>, findings: FindingSink) {
    this.#detection = detection;
    this.#store = store;
    this.#findings = findings;
    this.#history = new LinkHistory((sql, params) => store.query(sql, params), this.counters);
  }

  /** The records of other subjects may come from now on, or of the same after others have read some. */
  reassigned = (): void => this.#history.forget();

  handle = async (records: FlowRecord[]): Promise<void> => {
    await this.#detection.recall(this.#history, records);
    const started = performance.now();
    const findings = this.#detection.detect(records);
    const detected = performance.now();
    await this.#store.write(records, findings, this.#detection.hits);
    const stored = performance.now();
    if (findings.length > 0) await this.#findings.send(findings);

    this.counters.batches++;
    this.counters.records += records.length;
    const byLevel = this.counters.findings;
    for (const { 'event.severity_name': level } of findings) byLevel[level] = (byLevel[level] ?? 0) + 1;
    this.counters.detectSeconds += (detected - started) / 1000;
    this.counters.storeSeconds += (stored - detected) / 1000;
  };
}
