import type { Finding, FlowRecord, Hit } from '#flow';
import type { Logger } from '#runtime';
import type { Store } from '#store';
import type { FindingSink } from '#transport';
import type { Detection } from './detection.ts';
import { LinkHistory } from './link-history.ts';

/** What the detector exports as metrics beside its parts' counters. */
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
 * One batch at a time: ask what came before of subjects that are new, enrich and evaluate, store, hand findings on. It resolves when all of
 * that is done, and only then may the source's position move. A batch that comes again changes nothing, since ids are functions of content.
 */
export class Detector {
  readonly counters = new DetectorCounters();
  readonly #detection: Pick<Detection, 'recall' | 'detect' | 'hits'>;
  readonly #store: Pick<Store, 'write' | 'query'>;
  readonly #history: LinkHistory;
  readonly #findings: FindingSink;
  readonly #logger: Pick<Logger, 'error'>;

  constructor(
    detection: Pick<Detection, 'recall' | 'detect' | 'hits'>, store: Pick<Store, 'write' | 'query'>, findings: FindingSink, logger: Pick<Logger, 'error'>,
  ) {
    this.#detection = detection;
    this.#store = store;
    this.#findings = findings;
    this.#logger = logger;
    this.#history = new LinkHistory((sql, params) => store.query(sql, params), this.counters);
  }

  /** The records of other subjects may come from now on, or of the same after others have read some. */
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

  /** A record that the detection fails on would come again for ever, and hold up all behind it: it alone is left without findings. */
  #detectOneByOne(records: readonly FlowRecord[]): { findings: Finding[]; hits: Hit[] } {
    const findings: Finding[] = [];
    const hits: Hit[] = [];
    for (const record of records) {
      try {
        findings.push(...this.#detection.detect([record]));
        hits.push(...this.#detection.hits);
      } catch (error) {
        this.counters.unjudged++;
        this.#logger.error({ err: error, record: record['event.id'] }, 'a record cannot be judged, which is a defect: it is stored without findings');
      }
    }
    return { findings, hits };
  }
}
