import type { Flow } from '#capture';
import type { Message } from '#dissect';
import {
  inferredKinds,
  maskValue,
  RecurringValues,
  type Inferred,
  type Recognised,
  type RecurrenceOptions,
  type SampledFlow,
  type Tokeniser,
} from '#identifiers';
import type { FlowState } from './flow-state.ts';

/** Inferred identifiers of a flow: observables with their raw values, and the evidence for each of them. */
export interface Inference {
  readonly recognised: Recognised[];
  readonly evidence: string[];
}

/**
 * Infers identifiers in flows of unknown protocols. Raw values do not leave this class except to be handled like all other identifiers.
 */
export class FlowInference {
  readonly recurring: RecurringValues;
  readonly #tokeniser: Tokeniser;

  constructor(tokeniser: Tokeniser, bounds: Partial<RecurrenceOptions>) {
    this.#tokeniser = tokeniser;
    this.recurring = new RecurringValues(bounds);
  }

  /** Examines a message unless it, or the flow it is in, is recognised. */
  observe(flow: Flow, state: FlowState, message: Message, file: string): void {
    if (message.encryption.verdict !== 'opaque' || !isUnknown(state, flow)) return;
    const bytes = message.protocol === 'udp' ? message.payload : message.protocol === 'tcp' ? message.sample : null;
    if (!bytes) return;
    if (state.sampled === undefined) state.sampled = this.#begin(flow, state, file);
    flow.waitsForOthers = state.sampled !== null;
    if (state.sampled) this.recurring.observe(state.sampled, bytes, message);
  }

  /** What was newly inferred for the flow since the last call. */
  infer(flow: Flow, state: FlowState): Inference | undefined {
    if (!state.sampled || !isUnknown(state, flow)) return undefined;
    const { transport } = flow;
    const found = this.recurring.infer(state.sampled).map((one) => ({ one, recognised: this.#recognised(one, transport) }))
      .filter(({ recognised }) => state.isInferenceNews(recognised.observable.token));
    return found.length === 0 ? undefined : {
      recognised: found.map(({ recognised }) => recognised),
      evidence: found.map(({ one, recognised: { observable } }) => `${observable.kind} ${observable.path} ${one.encoding}, ${one.evidence}`),
    };
  }

  end(state: FlowState): void {
    if (state.sampled) this.recurring.end(state.sampled);
    state.sampled = null;
  }

  #begin(flow: Flow, state: FlowState, file: string): SampledFlow | null {
    const { sourceIp, destinationIp, transport, destinationPort, startMicros } = flow;
    // Multicast and broadcast reach neighbours only, and malformed queries to a resolver are still DNS.
    if (sourceIp === destinationIp || isForMany(destinationIp) || uninferredPorts.has(destinationPort)) return null;
    const domain = state.domain.split('.').slice(-2).join('.');
    return this.recurring.begin({
      protocol: `${transport}/${destinationPort}/${domain}`,
      subjectIp: state.subjectIsDestination ? destinationIp : sourceIp,
      peerIp: state.subjectIsDestination ? sourceIp : destinationIp,
      file, startMicros,
    });
  }

  #recognised({ behaves, value, offset, encoding, sender, frame, confidence }: Inferred, transport: string): Recognised {
    const observable = {
      kind: inferredKinds[behaves], path: `${transport}.payload@${offset}`, encoding, visibility: 'cleartext' as const, confidence,
      mask: maskValue(value), token: this.#tokeniser.token(value), sender, frame, watchlist: '',
    };
    return { observable, value, written: [] };
  }
}

/** Noise may look like a packet of RTP, which has no signature. */
function isUnknown({ protocol }: FlowState, { transport }: Flow): boolean {
  return protocol === transport || protocol === 'rtp';
}

/** Ports whose protocol is known even if a message is malformed. */
export const uninferredPorts: ReadonlySet<number> = new Set([53, 67, 68, 123, 137, 138, 161, 162, 5353, 5355]);

/** Multicast and broadcast (RFC 5771; RFC 4291, section 2.7); of subnet broadcasts, the usual form. */
function isForMany(ip: string): boolean {
  if (ip.includes(':')) return ip.startsWith('ff');
  const first = Number.parseInt(ip, 10);
  return first >= 224 || ip.endsWith('.255');
}
