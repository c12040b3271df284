import { visitAmf } from './amf.ts';
import { CollectedBytes } from './collected.ts';
import { FieldList, wholeAt } from './fieldlist.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import { stepOf } from './path.ts';
import type { Recognition } from './protocol.ts';
import { addPairs } from './urlencoded.ts';

/**
 * RTMP (Adobe, RTMP Specification 1.0): a handshake of 1 + 1536 + 1536 bytes per direction, then chunks. Commands contain the application that is
 * opened, and the stream that is published; anyone who knows the name of that stream can publish in its owner's place.
 */
export const rtmp = framedProtocol('rtmp', recogniseRtmp, () => new RtmpReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'RTMP' };

const VERSION = 3;
const handshakeBytes = 1 + 1536 + 1536;
const defaultChunk = 128;
/** Maximum number of chunk streams per direction. */
const maxChunkStreams = 64;

const SET_CHUNK_SIZE = 1;
const COMMAND_AMF3 = 17;
const COMMAND = 20;

/** Length of the message header by format (section 5.3.1.2). */
const headerLengths = [11, 7, 3, 0] as const;
const EXTENDED_TIMESTAMP = 0xffffff;

/** Version, time, and four zeros (section 5.2.3). */
function recogniseRtmp(bytes: Buffer): Recognition {
  if (bytes[0] !== VERSION) return 'no';
  for (let i = 5; i < 9; i++) {
    if (i >= bytes.length) return 'more';
    if (bytes[i] !== 0) return 'no';
  }
  return 'yes';
}

interface ChunkStream {
  length: number;
  type: number;
  extended: boolean;
  received: number;
  /** What has arrived of a command. */
  readonly body: CollectedBytes;
}

interface Direction {
  isOpen: boolean;
  chunkSize: number;
  readonly streams: Map<number, ChunkStream>;
}

interface ChunkHeader {
  readonly id: number;
  readonly format: number;
  readonly length: number;
  readonly type: number;
  readonly extended: boolean;
  /** Position and length of the data. */
  readonly dataAt: number;
  readonly dataLength: number;
}

class RtmpReader implements FrameReader {
  readonly #directions: Record<Sender, Direction> = {
    source: { isOpen: false, chunkSize: defaultChunk, streams: new Map() },
    destination: { isOpen: false, chunkSize: defaultChunk, streams: new Map() },
  };

  get heldBytes(): number {
    let bytes = 0;
    for (const { streams } of [this.#directions.source, this.#directions.destination])
      for (const { body } of streams.values()) bytes += body.heldBytes;
    return bytes;
  }

  lengthOf(bytes: Buffer, sender: Sender): number {
    const direction = this.#directions[sender];
    if (!direction.isOpen) return bytes[0] === VERSION ? handshakeBytes : -1;
    const header = readHeader(bytes, direction);
    return header === null ? 0 : header.dataAt + header.dataLength;
  }

  skipped(sender: Sender): void {
    this.#directions[sender].streams.clear();
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const direction = this.#directions[context.sender];
    if (!direction.isOpen) {
      direction.isOpen = true;
      return null;
    }
    const header = readHeader(bytes, direction)!;
    const stream = openStream(direction, header, context);
    const data = bytes.subarray(header.dataAt);
    const isKept = stream.type === COMMAND || stream.type === COMMAND_AMF3 || stream.type === SET_CHUNK_SIZE;
    if (isKept && stream.length <= context.options.maxHeadBytes) stream.body.append(data);
    stream.received += data.length;
    if (stream.received < stream.length) return null;
    stream.received = 0;
    const message = take(stream.type, stream.body.bytes(), direction, context);
    stream.body.clear();
    return message;
  }
}

/** Takes a whole message; null if it is not a command of interest. */
function take(type: number, body: Buffer, direction: Direction, context: FrameContext): Message | null {
  if (type === SET_CHUNK_SIZE && body.length === 4) direction.chunkSize = Math.max(1, body.readUInt32BE(0) & 0x7fffffff);
  if (type === COMMAND) return command(body, context);
  return type === COMMAND_AMF3 ? command(body.subarray(1), context) : null;
}

/** The header of the chunk at the start, with omitted fields taken from the previous chunk; null if more bytes are needed. */
function readHeader(bytes: Buffer, direction: Direction): ChunkHeader | null {
  const format = bytes[0]! >> 6;
  let id = bytes[0]! & 0x3f;
  let at = 1;
  if (id === 0) {
    id = 64 + (bytes[1] ?? 0);
    at = 2;
  } else if (id === 1) {
    id = 64 + (bytes[1] ?? 0) + 256 * (bytes[2] ?? 0);
    at = 3;
  }
  const behind = at + headerLengths[format]!;
  if (bytes.length < behind) return null;
  const before = direction.streams.get(id);
  const length = format < 2 ? bytes.readUIntBE(at + 3, 3) : before?.length ?? 0;
  const type = format < 2 ? bytes[at + 6]! : before?.type ?? 0;
  const extended = format < 3 ? bytes.readUIntBE(at, 3) === EXTENDED_TIMESTAMP : before?.extended ?? false;
  const received = format === 3 ? before?.received ?? 0 : 0;
  return { id, format, length, type, extended, dataAt: behind + (extended ? 4 : 0), dataLength: Math.min(direction.chunkSize, length - received) };
}

function openStream(direction: Direction, { id, format, length, type, extended }: ChunkHeader, context: FrameContext): ChunkStream {
  let stream = direction.streams.get(id);
  if (stream === undefined) {
    if (direction.streams.size >= maxChunkStreams) {
      direction.streams.delete(direction.streams.keys().next().value!);
      context.counters.add('rtmp', 'bounded chunk streams');
    }
    direction.streams.set(id, (stream = { length, type, extended, received: 0, body: new CollectedBytes() }));
  } else if (format < 3) {
    stream.body.clear();
    Object.assign(stream, { length, type, extended, received: 0 });
  }
  return stream;
}

/** Index of the first argument among the values of a command. */
const STREAM_NAME = 3;

/** A command consists of its name, a number, an object or null, and arguments (section 7.2). */
function command(body: Buffer, context: FrameContext): Message | null {
  let name = '';
  const strings: { index: number; key: string; value: string }[] = [];
  const isSound = visitAmf(body, (index, key, value) => {
    if (index === 0) name = value;
    else strings.push({ index, key, value });
  });
  if (!isSound) context.counters.add('rtmp', 'malformed command');
  if (context.sender === 'destination' || !/^(?:connect|publish|releaseStream|FCPublish|play)$/.test(name)) return null;
  const message = createMessage('rtmp', cleartext, context);
  const fields = new FieldList(message, context);
  const addQuery = (path: string, query: string): void => addPairs(fields, query, 0, wholeAt(path, message.frame));
  for (const { key, value, index } of strings) {
    const mark = value.indexOf('?');
    const [text, query] = mark < 0 ? [value, ''] : [value.slice(0, mark), value.slice(mark + 1)];
    if (name === 'connect') {
      fields.add(key === '' ? 'rtmp.connect' : `rtmp.connect.${stepOf(key)}`, key, value);
      if (key === 'tcUrl') addQuery('rtmp.connect.tcUrl.query', query);
    } else if (index === STREAM_NAME) {
      // The stream's name, sometimes with a query.
      fields.add(`rtmp.${name}.stream`, name === 'play' ? '' : 'rtmp_stream_key', text);
      addQuery(`rtmp.${name}.query`, query);
    }
  }
  return message;
}
