import type { FlowKey } from './flow-key.ts';
import type { TrackedFlow } from './tracked-flow.ts';

/** A hash table over the words of a key; a `Map` would need a string per packet. It grows by doubling. */
export class FlowIndex {
  size = 0;
  #buckets: (TrackedFlow | null)[] = Array(1024).fill(null);

  find(key: FlowKey): TrackedFlow | null {
    let flow = this.#buckets[key.hash & (this.#buckets.length - 1)] ?? null;
    while (flow !== null && !isKeyOf(flow, key)) flow = flow.nextInBucket;
    return flow;
  }

  add(flow: TrackedFlow): void {
    if (this.size >= this.#buckets.length) this.#grow();
    this.size++;
    insert(this.#buckets, flow);
  }

  remove(flow: TrackedFlow): void {
    this.size--;
    const bucket = flow.hash & (this.#buckets.length - 1);
    let before = this.#buckets[bucket];
    if (before === flow) {
      this.#buckets[bucket] = flow.nextInBucket;
      return;
    }
    while (before && before.nextInBucket !== flow) before = before.nextInBucket;
    if (before) before.nextInBucket = flow.nextInBucket;
  }

  #grow(): void {
    const buckets: (TrackedFlow | null)[] = Array(this.#buckets.length * 2).fill(null);
    for (const head of this.#buckets) {
      for (let flow = head; flow !== null; ) {
        const next: TrackedFlow | null = flow.nextInBucket;
        insert(buckets, flow);
        flow = next;
      }
    }
    this.#buckets = buckets;
  }
}

function insert(buckets: (TrackedFlow | null)[], flow: TrackedFlow): void {
  const bucket = flow.hash & (buckets.length - 1);
  flow.nextInBucket = buckets[bucket] ?? null;
  buckets[bucket] = flow;
}

function isKeyOf(flow: TrackedFlow, key: FlowKey): boolean {
  if (flow.hash !== key.hash) return false;
  const { words, length } = key;
  if (flow.key.length !== length) return false;
  for (let at = 0; at < length; at++) if (flow.key[at] !== words[at]) return false;
  return true;
}
