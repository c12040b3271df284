import type { Finding } from '#flow';
import type { Component, Logger, Metrics } from '#runtime';
import type { Check } from '../operations/operations.ts';
import { alertOf } from './alert.ts';
import { alertmanager } from './alertmanager.ts';
import type { AlerterConfiguration, ReceiverConfiguration } from './configuration.ts';
import { Delivery, increment } from './delivery.ts';
import { Groups, type DropReason, type StateEntry } from './groups.ts';
import { Journal } from './journal.ts';
import type { Receiver } from './receiver.ts';
import type { Route } from './throttling.ts';
import { webhook } from './webhook.ts';

export interface AlerterOptions {
  readonly configuration: AlerterConfiguration;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Wall clock, ms. */
  readonly clock?: () => number;
}

const boundOf: Readonly<Record<DropReason, string>> = {
  queue_full: 'the queue is full; a larger `queue` of the receiver would hold more',
  evicted: 'there are too many groups; a larger `alerter.maxGroups` would hold more',
};

/** Upper bounds in seconds: from an immediate alert to one that waited an hour for its receiver. */
const delayBuckets = [0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 3600];

/**
 * Turns findings into alerts: group, write to disk, then confirm; deliver to each receiver independently.
 *
 * What `handle` has accepted is on disk before it resolves, and stays there until each receiver has it.
 */
export class Alerter implements Component, Check {
  readonly name = 'alerter';
  readonly groups: Groups;
  readonly deliveries: readonly Delivery[];
  readonly #configuration: AlerterConfiguration;
  readonly #logger: Logger;
  readonly #clock: () => number;
  readonly #journal: Journal<StateEntry>;
  #saving: Promise<void> = Promise.resolve();
  #saveError: Error | undefined = new Error('the alerter has not started yet');
  #compactAt = 0;
  /** Alerts dropped since drops were last logged, by receiver. */
  readonly #unsaidDrops: Readonly<Record<DropReason, Map<string, number>>> = { queue_full: new Map(), evicted: new Map() };
  #sweeper: NodeJS.Timeout | undefined;

  constructor({ configuration, metrics, logger, clock = Date.now }: AlerterOptions) {
    this.#configuration = configuration;
    this.#logger = logger;
    this.#clock = clock;
    this.#journal = new Journal(configuration.state);
    const routes = configuration.receivers.map(routeOf);
    this.groups = new Groups({ ...configuration, routes, onDrop: (route, _, reason) => this.#dropped(route.name, reason) });

    const delay = metrics.histogram(
      'telltale_alert_delay_seconds',
      'Time from the probe reading the packet of a group\'s first finding until a receiver accepts the group\'s first alert.',
      delayBuckets, ['receiver'],
    );
    this.deliveries = configuration.receivers.map((receiver, index) => new Delivery({
      route: routes[index] as Route, receiver: receiverOf(receiver, clock), groups: this.groups, logger, clock,
      render: (group, now) => alertOf(group, configuration, configuration.reviewUrl, now),
      save: () => this.#save().catch(() => {}),
      onDelay: (seconds) => delay.observe({ receiver: receiver.name }, seconds),
      // A group is due after groupWait at the earliest, so checking that often misses none.
      tickMillis: Math.min(1000, Math.max(50, configuration.groupWait)),
    }));
    this.#register(metrics);
  }

  /** Reads the journal back, then starts deliveries. */
  async start(): Promise<void> {
    for (const entry of await this.#journal.read()) this.groups.restore(entry);
    await this.#compact();
    this.#saveError = undefined;
    const { corruptLines } = this.#journal.counts;
    if (corruptLines > 0) {
      const { state: folder } = this.#configuration;
      this.#logger.warn(
        { corruptLines, folder }, 'the journal has lines that cannot be read, and are left out; one at its end is what a crash leaves',
      );
    }
    if (this.deliveries.length === 0) this.#logger.warn('no receiver is configured, so that no alerts are sent: set alerter.receivers');
    this.#logger.info(
      { groups: this.groups.size, receivers: this.deliveries.map(({ status }) => status.name) }, 'the state was restored from the journal',
    );
    for (const delivery of this.deliveries) delivery.start();
    this.#sweeper = setInterval(() => this.#sweep(), 1000);
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#sayDrops();
    await Promise.all(this.deliveries.map((delivery) => delivery.stop()));
    await this.#save().catch(() => {});
    await this.#journal.close();
  }

  /** Accepts findings; resolves when they are on disk, and only then may their source advance. Does not wait for receivers. */
  async handle(findings: readonly Finding[]): Promise<void> {
    const now = this.#clock();
    for (const finding of findings) this.groups.add(finding, now);
    await this.#save();
  }

  /** @throws Error why the state cannot be written; no finding is confirmed then. */
  check(): void {
    if (this.#saveError) throw new Error(`the journal in ${this.#configuration.state} cannot be written: ${this.#saveError.message}`);
  }

  /** One write at a time; changes made by calls during a write are included in the next one. */
  #save(): Promise<void> {
    this.#saving = this.#saving.catch(() => {}).then(() => this.#write());
    return this.#saving;
  }

  async #write(): Promise<void> {
    const changes = this.groups.takeChanges();
    if (changes.groups.size + changes.ended.size + changes.findings.size === 0) return;
    try {
      await this.#journal.append(this.groups.entryOf(changes));
      if (this.#journal.size > this.#compactAt) await this.#compact();
      this.#saveError = undefined;
    } catch (error) {
      this.groups.putBack(changes);
      this.#saveError = error as Error;
      this.#logger.error({ err: error, folder: this.#configuration.state }, 'the journal cannot be written; findings are not confirmed');
      throw error;
    }
  }

  async #compact(): Promise<void> {
    await this.#journal.rewrite(this.groups.entries());
    this.#compactAt = Math.max(this.#configuration.journalSize, 2 * this.#journal.size);
  }

  #sweep(): void {
    this.#sayDrops();
    this.groups.endQuiet(this.#clock());
    this.#save().catch(() => {});
  }

  #dropped(receiver: string, reason: DropReason): void {
    const delivery = this.deliveries.find(({ status }) => status.name === receiver);
    if (delivery) increment(delivery.counts.dropped, reason);
    increment(this.#unsaidDrops[reason], receiver);
  }

  /** A bound that is reached drops many alerts a second: one line reports how many. */
  #sayDrops(): void {
    for (const [reason, receivers] of Object.entries(this.#unsaidDrops) as [DropReason, Map<string, number>][]) {
      for (const [receiver, alerts] of receivers) this.#logger.error({ receiver, reason, alerts }, `alerts are dropped because ${boundOf[reason]}`);
      receivers.clear();
    }
  }

  #register(metrics: Metrics): void {
    metrics.counts('alerter', this.groups.counts, {
      findings: 'Findings received.',
      duplicates: 'Findings received again, and not counted again.',
      groupsOpened: 'Groups opened.',
      groupsEnded: 'Groups that ended after the quiet period.',
      groupsEvicted: 'Groups evicted because there were too many.',
    });
    metrics.counts('alerter_journal', this.#journal.counts, {
      writes: 'Entries written to the journal.',
      compactions: 'Compactions of the journal.',
      corruptLines: 'Journal lines that could not be parsed.',
    });
    metrics.gauge('telltale_alerter_groups', 'Groups held now.', () => this.groups.size);
    metrics.gauge('telltale_alerter_journal_bytes', 'Size of the journal, bytes.', () => this.#journal.size);
    for (const { counts, status: { name: receiver } } of this.deliveries) {
      metrics.counts('alerts', counts, {
        sent: 'Alerts with something new that the receiver accepted.', resent: 'Repeats of active alerts that the receiver accepted.',
        failed: 'Alerts that the receiver rejected permanently.', retried: 'Alerts whose delivery failed and is retried.',
        dropped: 'Alerts dropped because a bound was reached.',
      }, { receiver });
      metrics.gauge('telltale_alerts_pending', 'Groups waiting for the receiver.', () => this.groups.pendingFor(receiver), { receiver });
    }
  }
}

function routeOf(receiver: ReceiverConfiguration): Route {
  const { name, minimumLevel, queue } = receiver;
  return { name, minimumLevel, queue, resendInterval: receiver.type === 'alertmanager' ? receiver.resendInterval : 0 };
}

function receiverOf(receiver: ReceiverConfiguration, clock: () => number): Receiver {
  switch (receiver.type) {
    case 'alertmanager': return alertmanager(receiver);
    case 'webhook': return webhook(receiver, clock);
  }
}
