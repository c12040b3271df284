import type { Sender } from './message.ts';
import type { StreamHandler } from './protocol.ts';

/** One direction of a stream, read apart from the other. */
export interface Side {
  /** Nothing more can be read of it. */
  readonly done: boolean;
  /** Bytes that it keeps of messages that are not whole, beside what waits in the stream. */
  readonly heldBytes: number;
  read(): void;
  gap(missing: number): void;
  end(): void;
}

/** A handler whose directions are read apart; it is done when both are. */
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
