import { keptCopy } from '#capture';
import type { IngestCounters } from './counters.ts';
import type { ExportOrigin } from './exported-flow.ts';
import type { TemplateField } from './netflow-elements.ts';
import { asRow, objects } from './row.ts';

export interface Template {
  readonly fields: readonly TemplateField[];
  /** For an options template: how many of the first fields say what its values are about. 0: a template of flows. */
  readonly scopeFields: number;
  /** Least length of a record, in bytes. */
  readonly recordBytes: number;
}

/** A data set that arrived before its template. */
export interface WaitingSet {
  readonly origin: ExportOrigin;
  readonly records: Buffer;
}

/**
 * Bytes that a waiting set counts for in addition to its records and the header of its datagram: an exporter may send empty sets, each for
 * another template.
 */
const bytesBeside = 256;

function bytesOf({ origin, records }: WaitingSet): number {
  return records.length + origin.header.length + bytesBeside;
}

export interface TemplateOptions {
  maxTemplates: number;
  /** Bytes that data sets waiting for their template may take. The oldest are dropped first. */
  maxWaitingBytes: number;
  /** How many samplers, and domains with a sampling rate, are remembered. */
  maxSamplers: number;
}

export const templateDefaults: TemplateOptions = { maxTemplates: 10_000, maxWaitingBytes: 4 * 1024 * 1024, maxSamplers: 10_000 };

const snapshotVersion = 1;

interface Snapshot {
  templates: [key: string, template: Template][];
  rates: [key: string, rate: number][];
}

function isSnapshot(value: unknown): value is Snapshot {
  const row = asRow(value);
  return row?.['version'] === snapshotVersion && isPairs(row['templates'], isTemplate) && isPairs(row['rates'], isCount);
}

function isPairs(value: unknown, isValue: (one: unknown) => boolean): boolean {
  return (
    Array.isArray(value) &&
    value.every((pair: unknown) => Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && isValue(pair[1]))
  );
}

/** A template with empty records is refused: reading them would never end. */
function isTemplate(value: unknown): boolean {
  const row = asRow(value);
  return row !== undefined && isCount(row['scopeFields']) && isCount(row['recordBytes']) && row['recordBytes'] !== 0
    && Array.isArray(row['fields']) && objects(row, 'fields').length === row['fields'].length
    && objects(row, 'fields').every((field) => isCount(field['element']) && isCount(field['enterprise']) && isCount(field['length']));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Templates per exporter, version and domain; data sets waiting for theirs; and sampling rates from options. */
export class Templates {
  readonly #options: TemplateOptions;
  readonly #counters: IngestCounters;
  readonly #templates = new Map<string, Template>();
  readonly #waiting = new Map<string, WaitingSet[]>();
  readonly #rates = new Map<string, number>();
  #waitingBytes = 0;
  #changes = 0;

  constructor(options: Partial<TemplateOptions>, counters: IngestCounters) {
    this.#options = { ...templateDefaults, ...options };
    this.#counters = counters;
  }

  get(domain: string, id: number): Template | undefined {
    return this.#templates.get(`${domain} ${id}`);
  }

  /** How often something was learnt or forgotten that changes the snapshot. */
  get changes(): number {
    return this.#changes;
  }

  /** Learns a template; returns the data sets that waited for it. */
  learn(domain: string, id: number, template: Template): WaitingSet[] {
    const key = `${domain} ${id}`;
    // Exporters repeat their templates.
    if (JSON.stringify(this.#templates.get(key)) !== JSON.stringify(template)) this.#changes++;
    this.#templates.delete(key);
    this.#templates.set(key, template);
    if (this.#templates.size > this.#options.maxTemplates) {
      this.#templates.delete(this.#templates.keys().next().value!);
      this.#counters.add('flow-export', 'templates forgotten');
    }
    const waited = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const set of waited) this.#waitingBytes -= bytesOf(set);
    return waited;
  }

  /** What to restore after a restart, as JSON: templates and sampling rates, no data. */
  snapshot(): string {
    return JSON.stringify({ version: snapshotVersion, templates: [...this.#templates], rates: [...this.#rates] });
  }

  /** Restores a snapshot. Returns false, and restores nothing, when it is not one of this version. */
  restore(snapshot: string): boolean {
    let saved: unknown;
    try {
      saved = JSON.parse(snapshot);
    } catch {
      return false;
    }
    if (!isSnapshot(saved)) return false;
    for (const [key, template] of saved.templates.slice(-this.#options.maxTemplates)) this.#templates.set(key, template);
    for (const [key, rate] of saved.rates.slice(-this.#options.maxSamplers)) this.#rates.set(key, rate);
    return true;
  }

  forget(domain: string, id: number): void {
    if (this.#templates.delete(`${domain} ${id}`)) this.#changes++;
  }

  /** Keeps a copy of a set until its template arrives. */
  wait(domain: string, id: number, set: WaitingSet): void {
    const { origin, records } = set;
    if (bytesOf(set) > this.#options.maxWaitingBytes) {
      this.#counters.add(origin.source, 'sets given up before their template came');
      return;
    }
    const key = `${domain} ${id}`;
    const sets = this.#waiting.get(key) ?? [];
    sets.push({ origin: { ...origin, header: keptCopy(origin.header) }, records: keptCopy(records) });
    this.#waiting.set(key, sets);
    this.#waitingBytes += bytesOf(set);
    this.#counters.add(origin.source, 'sets before their template');
    while (this.#waitingBytes > this.#options.maxWaitingBytes) this.#giveUpOldest();
  }

  #giveUpOldest(): void {
    const [key, sets] = this.#waiting.entries().next().value!;
    const set = sets.shift()!;
    if (sets.length === 0) this.#waiting.delete(key);
    this.#waitingBytes -= bytesOf(set);
    this.#counters.add(set.origin.source, 'sets given up before their template came');
  }

  /** Learns that one of `rate` packets is counted by the sampler, or in the whole domain when there is only one (-1). */
  learnRate(domain: string, samplerId: number, rate: number): void {
    for (const id of samplerId === -1 ? [-1] : [samplerId, -1]) {
      const key = `${domain} ${id}`;
      if (this.#rates.get(key) === rate) continue;
      this.#rates.set(key, rate);
      this.#changes++;
    }
    while (this.#rates.size > this.#options.maxSamplers) {
      this.#rates.delete(this.#rates.keys().next().value!);
      this.#counters.add('flow-export', 'sampling rates forgotten');
    }
  }

  /** The sampling rate; 0: not known. A record that names no sampler has the latest rate of its domain. */
  rate(domain: string, samplerId: number): number {
    return this.#rates.get(`${domain} ${samplerId}`) ?? 0;
  }
}
