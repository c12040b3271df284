import { backoffMillis, pauseFor, type Component, type Logger } from '#runtime';
import type { Alert } from './alert.ts';
import { identityOf, type Delivered, type Group } from './grouping.ts';
import type { Groups } from './groups.ts';
import { ReceiverError, type Receiver } from './receiver.ts';
import type { Route } from './throttling.ts';

export class DeliveryCounts {
  /** Alerts with something new that were accepted. */
  sent = 0;
  /** Accepted repeats that keep an active alert alive. */
  resent = 0;
  /** Alerts that the receiver rejected permanently, by reason. */
  readonly failed = new Map<string, number>();
  /** Alerts whose delivery failed and is retried, by reason. */
  readonly retried = new Map<string, number>();
  /** Alerts dropped because a bound was reached, by reason. */
  readonly dropped = new Map<string, number>();
}

export interface DeliveryOptions {
  readonly route: Route;
  readonly receiver: Receiver;
  readonly groups: Groups;
  readonly render: (group: Group, now: number) => Alert;
  /** Writes the state to disk; never rejects. */
  readonly save: () => Promise<void>;
  /** Called when the first alert of a group is accepted, with the seconds since the probe read the packet of its first finding. */
  readonly onDelay: (seconds: number) => void;
  readonly clock: () => number;
  readonly logger: Logger;
  /** Interval between checks for something to send, ms. */
  readonly tickMillis: number;
}

/** A group as it is sent; the group itself may change while its alert is in flight. */
interface Shipment {
  readonly group: Group;
  readonly revision: number;
  readonly identity: string;
  /** What the receiver had got before. */
  readonly before: Delivered | undefined;
  readonly alert: Alert;
}

const batchSize = 64;
const backoff = { minMillis: 500, maxMillis: 60_000 };
const longestRetryAfter = 600_000;

/** Delivers groups to one receiver, independently of the others: a receiver that fails delays only its own groups. */
export class Delivery implements Component {
  readonly name: string;
  readonly counts = new DeliveryCounts();
  readonly #options: DeliveryOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #failures = 0;
  #lastError = '';
  #lastAcceptedAt = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.name = `receiver ${options.receiver.name}`;
  }

  /** Shown to operators. */
  get status() {
    const { receiver, groups } = this.#options;
    return {
      name: receiver.name, type: receiver.type, pending: groups.pendingFor(receiver.name), failures: this.#failures, lastError: this.#lastError,
      lastAcceptedAt: this.#lastAcceptedAt ? new Date(this.#lastAcceptedAt).toISOString() : '',
    };
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Groups that were not accepted stay in the state. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { groups, route, clock, tickMillis } = this.#options;
    while (!this.#stop.signal.aborted) {
      const due = groups.due(route, clock(), batchSize);
      try {
        if (due.length > 0) await this.#sendAll(due);
        else await pauseFor(tickMillis, this.#stop.signal);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        await this.#backOff(error, due.length);
      }
    }
  }

  /** If the receiver rejects several alerts at once, each is sent alone, so that one it cannot accept does not block the others. */
  async #sendAll(due: readonly Group[]): Promise<void> {
    const shipments = due.map((group) => this.#shipmentOf(group));
    try {
      await this.#send(shipments);
    } catch (error) {
      if (!(error instanceof ReceiverError) || error.reason !== 'rejected') throw error;
      if (shipments.length === 1) await this.#giveUp(shipments[0]!, error);
      else for (const group of due) await this.#sendAll([group]);
    }
  }

  #shipmentOf(group: Group): Shipment {
    const { route, render, clock } = this.#options;
    return { group, revision: group.revision, identity: identityOf(group), before: group.deliveries[route.name], alert: render(group, clock()) };
  }

  async #send(shipments: readonly Shipment[]): Promise<void> {
    const { route, receiver, groups, save, onDelay, clock } = this.#options;
    await receiver.send(shipments.map(({ alert }) => alert), this.#stop.signal);

    const acceptedAt = clock();
    for (const { group, revision, identity, before } of shipments) {
      groups.settle(route, group, { revision, at: acceptedAt, identity, accepted: true });
      if (before && before.revision >= revision) this.counts.resent++;
      else this.counts.sent++;
      if (!before) onDelay(Math.max(0, acceptedAt / 1000 - group.firstCreated / 1e6));
    }
    if (this.#failures > 0) this.#options.logger.info({ receiver: receiver.name }, 'the receiver accepts alerts again');
    this.#failures = 0;
    this.#lastError = '';
    this.#lastAcceptedAt = acceptedAt;
    await save();
  }

  async #giveUp({ group, revision, identity }: Shipment, error: ReceiverError): Promise<void> {
    const { route, groups, save, clock, logger } = this.#options;
    groups.settle(route, group, { revision, at: clock(), identity, accepted: false });
    increment(this.counts.failed, error.reason);
    this.#lastError = error.message;
    const fields = { receiver: route.name, group: group.key, rule: group.ruleId, reason: error.message };
    logger.error(fields, 'the receiver refuses the alert, which is not sent again until its group changes');
    await save();
  }

  async #backOff(error: unknown, alerts: number): Promise<void> {
    const { route, logger } = this.#options;
    const reason = error instanceof ReceiverError ? error.reason : 'internal';
    const message = error instanceof Error ? error.message : String(error);
    const retryAfter = error instanceof ReceiverError ? Math.min(error.retryAfter, longestRetryAfter) : 0;
    this.#failures++;
    this.#lastError = message;
    increment(this.counts.retried, reason, alerts);
    const pauseMillis = Math.round(Math.max(retryAfter, backoffMillis(this.#failures, backoff)));
    logger.warn(
      { receiver: route.name, reason: message, attempts: this.#failures, pauseMillis, alerts },
      'the receiver does not accept alerts: trying again after a pause',
    );
    await pauseFor(pauseMillis, this.#stop.signal).catch(() => {});
  }
}

export function increment(counts: Map<string, number>, reason: string, by = 1): void {
  counts.set(reason, (counts.get(reason) ?? 0) + by);
}
