import type { Sender } from './message.ts';
import type { StreamHandler } from './protocol.ts';

/** One direction of a stream, read independently of the other. */
export interface Side {
  /** Nothing more can be read from it. */
  readonly done: boolean;
  /** Bytes kept of incomplete messages, in addition to those pending in the stream. */
  readonly heldBytes: number;
  read(): void;
  gap(missing: number): void;
  end(): void;
}

/** A handler that reads its directions independently; it is done when both are. */
export class SidedHandler implements StreamHandler {
  readonly #sides: Readonly<Record<Sender, Side>>;

  constructor(sides: Readonly<Record<Sender, Side>>) {
    this.#sides = sides;
  }

  get done(): boolean {
    return this.#sides.source.done && this.#sides.destination.done;
  }

  get heldBytes(): number {
    return this.#sides.source.heldBytes + this.#sides.destination.heldBytes;
  }

  data(sender: Sender): void {
    this.#sides[sender].read();
  }

  gap(sender: Sender, missing: number): void {
    this.#sides[sender].gap(missing);
  }

  end(): void {
    this.#sides.source.end();
    this.#sides.destination.end();
  }
}
