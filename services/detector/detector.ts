import type { Finding, FlowRecord, Hit } from '#flow';
import type { Logger } from '#runtime';
import type { Store } from '#store';
import type { FindingSink } from '#transport';
import type { Detection } from './detection.ts';
import { LinkHistory } from './link-history.ts';

/** What the detector exports as metrics, besides its parts' counters. */
export class DetectorCounters {
  records = 0;
  batches = 0;
  findings: Record<string, number> = {};
  unjudged = 0;
  detectSeconds = 0;
  storeSeconds = 0;
  recalledSubjects = 0;
  recalledRecords = 0;
  recallsCut = 0;
}

/**
 * Handles one batch at a time: query what preceded new subjects, enrich and evaluate, store, pass findings on. It resolves when all of
 * that is done, and only then may the source's position advance. A repeated batch changes nothing, since ids are functions of content.
 */
export class Detector {
  readonly counters = new DetectorCounters();
  readonly #detection: Pick<Detection, 'recall' | 'detect' | 'hits'>;
  readonly #store: Pick<Store, 'write' | 'query'>;
  readonly #history: LinkHistory;
  readonly #findings: FindingSink;
  readonly #logger: Pick<Logger, 'error'>;

  constructor(
    detection: Pick<Detection, 'recall' | 'detect' | 'hits'>, store: Pick<Store, 'write' | 'query'>, findings: FindingSink,
    logger: Pick<Logger, 'error'>,
  ) {
    this.#detection = detection;
    this.#store = store;
    this.#findings = findings;
    this.#logger = logger;
    this.#history = new LinkHistory((sql, params) => store.query(sql, params), this.counters);
  }

  /** From now on, records of other subjects may arrive, or records of the same subjects after other processes have read some. */
  reassigned = (): void => this.#history.forget();

  handle = async (records: FlowRecord[]): Promise<void> => {
    await this.#detection.recall(this.#history, records);
    const started = performance.now();
    const { findings, hits } = this.#detect(records);
    const detected = performance.now();
    await this.#store.write(records, findings, hits);
    const stored = performance.now();
    if (findings.length > 0) await this.#findings.send(findings);

    this.counters.batches++;
    this.counters.records += records.length;
    const byLevel = this.counters.findings;
    for (const { 'event.severity_name': level } of findings) byLevel[level] = (byLevel[level] ?? 0) + 1;
    this.counters.detectSeconds += (detected - started) / 1000;
    this.counters.storeSeconds += (stored - detected) / 1000;
  };

  #detect(records: readonly FlowRecord[]): { findings: Finding[]; hits: readonly Hit[] } {
    try {
      return { findings: this.#detection.detect(records), hits: this.#detection.hits };
    } catch {
      return this.#detectOneByOne(records);
    }
  }

  /** A record on which detection fails would be read again forever and block all behind it, so it alone is stored without findings. */
  #detectOneByOne(records: readonly FlowRecord[]): { findings: Finding[]; hits: Hit[] } {
    const findings: Finding[] = [];
    const hits: Hit[] = [];
    for (const record of records) {
      try {
        findings.push(...this.#detection.detect([record]));
        hits.push(...this.#detection.hits);
      } catch (error) {
        this.counters.unjudged++;
        this.#logger.error(
          { err: error, record: record['event.id'] },
          'a record could not be evaluated because of a defect in Telltale, and is stored without findings',
        );
      }
    }
    return { findings, hits };
  }
}
