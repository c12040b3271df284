import type { TrackedFlow } from './tracked-flow.ts';

/** Flows in order of their last packet: a list through the flows themselves. */
export class FlowOrder {
  oldest: TrackedFlow | null = null;
  #newest: TrackedFlow | null = null;

  append(flow: TrackedFlow): void {
    flow.older = this.#newest;
    flow.newer = null;
    if (this.#newest) this.#newest.newer = flow;
    else this.oldest = flow;
    this.#newest = flow;
  }

  remove(flow: TrackedFlow): void {
    if (flow.older) flow.older.newer = flow.newer;
    else this.oldest = flow.newer;
    if (flow.newer) flow.newer.older = flow.older;
    else this.#newest = flow.older;
    flow.older = null;
    flow.newer = null;
  }

  touch(flow: TrackedFlow): void {
    if (this.#newest === flow) return;
    this.remove(flow);
    this.append(flow);
  }
}
