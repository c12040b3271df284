import type { DissectCounters } from './counters.ts';
import { scanJson } from './json.ts';
import type { NamedValue } from './lines.ts';
import type { Field, Message, Sender } from './message.ts';
import type { DissectOptions } from './options.ts';

/** Says which packet brought the byte at a position. A {@link ByteStream} is one. */
export interface FrameMap {
  frameAt(position: number): number;
}

/** The fields of one message, bounded, with JSON inside a value unwrapped. */
export class FieldList {
  readonly #protocol: string;
  readonly #sender: Sender;
  readonly #options: DissectOptions;
  readonly #counters: DissectCounters;
  readonly #fields: Field[];

  /** Adds to `fields`, the list of the message itself. */
  constructor(protocol: string, sender: Sender, fields: Field[], options: DissectOptions, counters: DissectCounters) {
    this.#protocol = protocol;
    this.#sender = sender;
    this.#fields = fields;
    this.#options = options;
    this.#counters = counters;
  }

  /** Adds a value; one that is itself JSON is replaced by the values in it. Empty values are left out: they identify nobody. */
  add(path: string, key: string, value: string, encoding: string, frame: number): void {
    this.#add(path, key, value, encoding, frame, 0);
  }

  /** Adds the scalars of a JSON document that stands in `bytes`. Returns false when it is none: nothing was added. */
  addJson(path: string, bytes: Buffer, frames: FrameMap, encoding: string): boolean {
    const before = this.#fields.length;
    const outcome = scanJson(bytes, this.#options.maxDepth, (inner, key, value, end, depth) => {
      this.#add(joinPath(path, inner), key, value, encoding, frames.frameAt(end - 1), depth);
    });
    if (outcome !== 'complete') this.#counters.add(this.#protocol, `json ${outcome}`);
    return outcome === 'complete' || outcome === 'bounded' || this.#fields.length > before;
  }

  #add(path: string, key: string, value: string, encoding: string, frame: number, depth: number): void {
    if (value === '') return;
    if (this.#fields.length >= this.#options.maxFields) {
      this.#counters.add(this.#protocol, 'bounded fields');
      return;
    }
    if ((value.startsWith('{') || value.startsWith('[')) && this.#unwrap(path, value, encoding, frame, depth)) return;
    this.#fields.push({ path, key, value, encoding, sender: this.#sender, frame });
  }

  /** Replaces a value by the values of the JSON in it. A value that only looks like JSON stays as it is. */
  #unwrap(path: string, value: string, encoding: string, frame: number, depth: number): boolean {
    const before = this.#fields.length;
    const inside = addEncoding(encoding, 'json');
    const outcome = scanJson(Buffer.from(value), this.#options.maxDepth - depth, (inner, key, scalar, _end, level) => {
      this.#add(joinPath(path, inner), key, scalar, inside, frame, depth + level);
    });
    if (outcome === 'complete' || outcome === 'bounded') return true;
    this.#fields.length = before;
    return false;
  }
}

/** What a message carries for others: JSON is read, all else is payload to be searched. */
export function addContent(message: Message, fields: FieldList, path: string, content: Buffer): void {
  const mayBeJson = content[0] === 0x7b || content[0] === 0x5b;
  if (mayBeJson && fields.addJson(path, content, { frameAt: () => message.frame }, '')) return;
  message.payload = content;
}

/** Adds values whose paths begin with the protocol: `smb.login.user_name`. */
export function addNamed(
  protocol: string,
  message: Message,
  values: readonly NamedValue[],
  options: DissectOptions,
  counters: DissectCounters,
): void {
  const list = new FieldList(protocol, message.sender, message.fields, options, counters);
  for (const { name, key, value, encoding } of values) list.add(`${protocol}.${name}`, key, value, encoding, message.frame);
}

/** `url` and `json` are `url>json`. */
export function addEncoding(chain: string, encoding: string): string {
  return chain === '' ? encoding : `${chain}>${encoding}`;
}

function joinPath(path: string, inner: string): string {
  return inner.startsWith('[') || inner === '' ? path + inner : `${path}.${inner}`;
}
