import { FlowJoin, IngestCounters, flowOfEntry, ZeekCertificates, type LogEntry } from '#ingest';
import { loggedFlowId } from '#flow';
import type { EntryOrigin, FlowRecorder } from './flow-recorder.ts';
import { FlowState } from './flow-state.ts';

/** Turns entries of logs, archives and flow exports into flow records. Entries of the same flow share what is known about it. */
export class EntryRecorder {
  readonly counters = new IngestCounters();
  readonly certificates = new ZeekCertificates(this.counters);
  readonly #recorder: FlowRecorder;
  readonly #join: FlowJoin<FlowState>;

  /** @param maxFlows flows kept open for later lines */
  constructor(recorder: FlowRecorder, maxFlows: number) {
    this.#recorder = recorder;
    this.#join = new FlowJoin({ maxFlows }, this.counters);
  }

  record(entry: LogEntry): void {
    const flow = flowOfEntry(entry);
    const name = `${entry.source} ${entry.flowName || entry.digest} ${flow.communityId}`;
    const state = this.#join.get(name, entry.micros, () => new FlowState(
      loggedFlowId(this.#recorder.observer, name), this.#recorder.subjectIsDestination(flow.sourceIp, flow.destinationIp), false,
    ));
    state.restartCounters();
    entry.messages.forEach((message, index) => this.#recorder.message(flow, state, message, originOf(entry, String(index))));
    if (entry.totals === null) return;
    if (state.protocol === '') state.protocol = entry.protocol;
    Object.assign(flow, entry.totals);
    if (entry.ends) this.#recorder.end(flow, state, originOf(entry, 'end'), entry.answer?.endReason);
    else this.#recorder.update(flow, state, originOf(entry, 'update'));
  }
}

function originOf({ line, digest, visibility, samplingRate }: LogEntry, part: string): EntryOrigin {
  return { line, digest: `${digest} ${part}`, visibility, samplingRate };
}
