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
  /** Time of the last `flowUpdated`. */
  updatedMicros: number;
  /** Set once the connection was closed or reset; the flow lingers for late packets. */
  closed: 'fin' | 'rst' | null = null;

  readonly fromSource: TcpStream | null;
  readonly fromDestination: TcpStream | null;
  /** Time of the only SYN seen; 0 if there was none, or more than one. */
  synMicros = 0;

  constructor(identity: FlowIdentity, sourceIsLow: boolean, micros: number, frame: number) {
    super(identity, micros, frame);
    this.sourceIsLow = sourceIsLow;
    this.updatedMicros = micros;
    const isTcp = identity.transport === 'tcp';
    this.fromSource = isTcp ? new TcpStream(this, 'source') : null;
    this.fromDestination = isTcp ? new TcpStream(this, 'destination') : null;
  }
}
