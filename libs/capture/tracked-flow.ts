import { Flow, type FlowIdentity } from './flow.ts';
import type { FlowOrder } from './flow-slots.ts';
import { TcpStream } from './tcp-stream.ts';

/** A flow with what the table needs to find, order and reassemble it. */
export class TrackedFlow extends Flow {
  /** Its row in the table. */
  slot = -1;
  /** The list of the table in which it waits to expire. */
  order: FlowOrder | null = null;
  readonly sourceIsLow: boolean;
  /** As in {@link Flow}, µs after the first packet: the last `flowUpdated`, and the only SYN seen; null if there was none, or more than one SYN. */
  #updatedAfter: number | null = null;
  #synAfter: number | null = null;
  /** Set once the connection was closed or reset; the flow lingers for late packets. */
  closed: 'fin' | 'rst' | null = null;

  readonly fromSource: TcpStream | null;
  readonly fromDestination: TcpStream | null;

  constructor(identity: FlowIdentity, sourceIsLow: boolean, micros: number, frame: number) {
    super(identity, micros, frame);
    this.sourceIsLow = sourceIsLow;
    const isTcp = identity.transport === 'tcp';
    this.fromSource = isTcp ? new TcpStream(this) : null;
    this.fromDestination = isTcp ? new TcpStream(this) : null;
  }

  /** Time of the last `flowUpdated`; of the first packet before that. */
  get updatedMicros(): number {
    return this.startMicros + (this.#updatedAfter ?? 0);
  }

  set updatedMicros(micros: number) {
    this.#updatedAfter = micros - this.startMicros;
  }

  /** Time of the only SYN seen; 0 if there was none, or more than one. */
  get synMicros(): number {
    return this.#synAfter === null ? 0 : this.startMicros + this.#synAfter;
  }

  set synMicros(micros: number) {
    this.#synAfter = micros === 0 ? null : micros - this.startMicros;
  }
}
