import type { FlowRecord } from '#flow';
import { BoundedCache } from '#geo';

interface Use { readonly service: string; readonly micros: number }

/** An app that reports its start does so at about the time at which it contacts its own service, µs. */
const aroundMicros = 60_000_000;
const mostUses = 8;

/**
 * Apps that may be behind a contact with a third party. An SDK is shared by thousands of apps, and an address by many: one flow does not show
 * which app reported. What is known is which services the same subject used within the minute before; all records of a subject arrive at one
 * detector, in order.
 */
export class ThirdPartyCandidates {
  readonly #uses = new BoundedCache<readonly Use[]>(16_384);

  learn(record: FlowRecord): void {
    const service = record['telltale.service'];
    if (service === '' || record['telltale.role'] === 'third-party') return;
    const uses = this.#uses.get(record['telltale.subject.ip']) ?? [];
    const micros = record['@timestamp'];
    if (uses[0]?.service === service && micros - uses[0].micros < aroundMicros / 2) return;
    this.#uses.set(record['telltale.subject.ip'], [{ service, micros }, ...uses.filter((use) => use.service !== service)].slice(0, mostUses));
  }

  /** Services that the record's subject used within a minute, latest first. */
  around(record: FlowRecord): string[] {
    const uses = this.#uses.get(record['telltale.subject.ip']) ?? [];
    return uses.filter(({ micros }) => Math.abs(record['@timestamp'] - micros) <= aroundMicros).map(({ service }) => service);
  }
}
