import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** A component's count: a number, or a number per reason. Hot paths only increment it. */
export type Count = number | ReadonlyMap<string, number> | Readonly<Record<string, number>>;

/** Help text of a count; `label` names the label that distinguishes the entries of a map (`reason` by default). */
export type CountHelp = string | { readonly help: string; readonly label: string };

export type Labels = Readonly<Record<string, string>>;

/** Bound on label values per metric; further ones are summed up under `other`, so that no input can grow the registry. */
const maxLabelValues = 100;

/** The metrics of one service. Names begin with `telltale_` and end with their unit; counters end with `_total`. */
export class Metrics {
  readonly registry = new Registry();

  /** @param process also report memory, CPU, event loop and garbage collection of the process, under prom-client's own names. */
  constructor(options: { readonly process?: boolean } = {}) {
    if (options.process ?? true) collectDefaultMetrics({ register: this.registry });
  }

  /**
   * Reports an object of counts as `telltale_<area>_<name>_total`, read on each scrape.
   *
   * @param area the part that counts, such as `capture`.
   * @param counts live object; names in camelCase. Only the counts named in `help` are reported.
   * @param labels fixed labels of this object, for several objects under one area (one per receiver, say); same names each time.
   */
  counts<T extends object>(area: string, counts: T, help: { readonly [Name in keyof T]?: CountHelp }, labels: Labels = {}): void {
    for (const key of Object.keys(help) as (keyof T & string)[]) {
      const entry = help[key] as CountHelp;
      const text = typeof entry === 'string' ? entry : entry.help;
      const label = typeof entry === 'string' ? 'reason' : entry.label;
      const name = `telltale_${area}_${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`;
      this.#counter(name, text, { labels, label, read: () => counts[key] as Count });
    }
  }

  /**
   * Reports a level, such as the length of a queue, read on each scrape.
   *
   * @param read the level, or a level for each value of the label `label`; values no longer returned disappear.
   * @param labels fixed labels, for several levels under one name; same names each time.
   */
  gauge(name: string, help: string, read: () => Count, labels: Labels = {}, label = 'reason'): void {
    this.#name(name);
    const { sources, isNew } = this.#sourcesOf(name, { labels, label, read });
    if (!isNew) return;
    new Gauge({ name, help, labelNames: labelNamesOf({ labels, label, read }), registers: [this.registry], collect() { collect(this, sources); } });
  }

  /** A distribution; `buckets` are upper bounds in the unit of the name. */
  histogram<Label extends string>(name: string, help: string, buckets: number[], labelNames: readonly Label[] = []): Histogram<Label> {
    this.#name(name);
    return new Histogram({ name, help, buckets, labelNames: [...labelNames], registers: [this.registry] });
  }

  /** All metrics in the Prometheus text format. */
  scrape(): Promise<string> {
    return this.registry.metrics();
  }

  /** The service's own metrics as a Markdown table. */
  async reference(): Promise<string> {
    const metrics = (await this.registry.getMetricsAsJSON())
      .filter(({ name }) => name.startsWith('telltale_'))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const rows = metrics.map(({ name, help, type }) => `| \`${name}\` | ${String(type)} | ${this.#labelsOf(name)} | ${help} |`);
    return ['| metric | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
  }

  readonly #sources = new Map<string, Source[]>();

  /** A counter whose value is read on each scrape. */
  #counter(name: string, help: string, source: Source): void {
    this.#name(name);
    const { sources, isNew } = this.#sourcesOf(name, source);
    if (!isNew) return;
    new Counter({ name, help, labelNames: labelNamesOf(source), registers: [this.registry], collect() { collect(this, sources); } });
  }

  #sourcesOf(name: string, source: Source): { sources: Source[]; isNew: boolean } {
    const sources = this.#sources.get(name);
    if (!sources) this.#sources.set(name, [source]);
    else sources.push(source);
    return { sources: this.#sources.get(name) ?? [], isNew: !sources };
  }

  #labelsOf(name: string): string {
    const metric = this.registry.getSingleMetric(name) as unknown as { labelNames?: string[] } | undefined;
    return (metric?.labelNames ?? []).map((label) => `\`${label}\``).join(', ');
  }

  #name(name: string): void {
    if (!/^telltale_[a-z][a-z0-9_]*$/.test(name)) throw new Error(`The metric name ${name} must begin with telltale_ and consist of a-z, 0-9 and _`);
  }
}

interface Source { readonly labels: Labels; readonly label: string; readonly read: () => Count }

function labelNamesOf({ labels, label, read }: Source): string[] {
  return [...Object.keys(labels), ...(typeof read() === 'number' ? [] : [label])];
}

/** Replaces the metric's values by the current ones of its sources. */
function collect(metric: Pick<Counter | Gauge, 'reset' | 'inc'>, sources: readonly Source[]): void {
  metric.reset();
  for (const { labels, label, read } of sources) {
    for (const [extra, value] of valuesOf(read(), label)) metric.inc({ ...labels, ...extra }, value);
  }
}

function* valuesOf(count: Count, label: string): Generator<[Labels, number]> {
  if (typeof count === 'number') {
    yield [{}, count];
    return;
  }
  let seen = 0;
  for (const [value, amount] of count instanceof Map ? count : Object.entries(count as Readonly<Record<string, number>>)) {
    yield [{ [label]: seen++ < maxLabelValues ? value : 'other' }, amount];
  }
}
