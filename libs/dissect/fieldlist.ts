import { scanJson } from './json.ts';
import type { Field, Message } from './message.ts';
import type { DissectEnvironment } from './options.ts';

/** Maps the position of a byte to the packet that brought it. A {@link ByteStream} is one. */
export interface FrameMap {
  frameAt(position: number): number;
}

/** The location of the values of a text or a document: their path prefix, their packets, and the encodings around them. */
export interface Place {
  readonly path: string;
  readonly frames: FrameMap;
  readonly encoding: string;
}

/** The fields of one message, bounded; JSON inside a value is expanded. */
export class FieldList {
  readonly #message: Message;
  readonly #environment: DissectEnvironment;

  constructor(message: Message, environment: DissectEnvironment) {
    this.#message = message;
    this.#environment = environment;
  }

  /** Adds a value; one that is itself JSON is replaced by the values in it. Empty values are skipped: they identify nobody. */
  add(path: string, key: string, value: string, encoding = '', frame = this.#message.frame): void {
    this.#add({ path, key, value, encoding, sender: this.#message.sender, frame }, 0);
  }

  /** Adds the scalars of the JSON document in `bytes`. Returns false if it is not JSON, and then adds nothing. */
  addJson(bytes: Buffer, { path, frames, encoding }: Place): boolean {
    const { fields, sender, protocol } = this.#message;
    const before = fields.length;
    const outcome = scanJson(bytes, this.#environment.options.maxDepth, (inner, key, value, end, depth) => {
      this.#add({ path: joinPath(path, inner), key, value, encoding, sender, frame: frames.frameAt(end - 1) }, depth);
    });
    if (outcome !== 'complete') this.#environment.counters.add(protocol, `json ${outcome}`);
    return outcome === 'complete' || outcome === 'bounded' || fields.length > before;
  }

  #add(field: Field, depth: number): void {
    const { value } = field;
    if (value === '') return;
    const { fields, protocol } = this.#message;
    if (fields.length >= this.#environment.options.maxFields) this.#environment.counters.add(protocol, 'bounded fields');
    else if (!(value.startsWith('{') || value.startsWith('[')) || !this.#unwrap(field, depth)) fields.push(field);
  }

  /** Replaces a value by the values of the JSON in it. A value that only looks like JSON is left as it is. */
  #unwrap({ path, value, encoding, sender, frame }: Field, depth: number): boolean {
    const { fields } = this.#message;
    const before = fields.length;
    const inside = addEncoding(encoding, 'json');
    const outcome = scanJson(Buffer.from(value), this.#environment.options.maxDepth - depth, (inner, key, scalar, _end, level) => {
      this.#add({ path: joinPath(path, inner), key, value: scalar, encoding: inside, sender, frame }, depth + level);
    });
    if (outcome === 'complete' || outcome === 'bounded') return true;
    fields.length = before;
    return false;
  }
}

/** The place of content that one packet completes as a whole. */
export function wholeAt(path: string, frame: number, encoding = ''): Place {
  return { path, frames: { frameAt: () => frame }, encoding };
}

/** Adds content that a message carries on behalf of others: JSON is read, anything else becomes payload to be scanned. */
export function addContent(message: Message, fields: FieldList, path: string, content: Buffer): void {
  const mayBeJson = content[0] === 0x7b || content[0] === 0x5b;
  if (mayBeJson && fields.addJson(content, wholeAt(path, message.frame))) return;
  message.payload = content;
}

/** `url` and `json` become `url>json`. */
export function addEncoding(chain: string, encoding: string): string {
  return chain === '' ? encoding : `${chain}>${encoding}`;
}

function joinPath(path: string, inner: string): string {
  return inner.startsWith('[') || inner === '' ? path + inner : `${path}.${inner}`;
}
