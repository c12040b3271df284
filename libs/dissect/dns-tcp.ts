import { readDns } from './dns.ts';
import { isDnsHeader, parseDns } from './dns-message.ts';
import type { Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/** DNS over TCP: messages behind a length of two bytes (RFC 1035, section 4.2.2). */
export const dnsOverTcp: StreamProtocol = {
  name: 'dns',
  recognise: recogniseDns,
  open: (session) => new DnsHandler(session),
};

const prefix = 2;
const headerBytes = 12;
/** The longest question: a name of 255 bytes, type and class. */
const maxQuestion = 259;

/** Longest first message that is believed; text would be longer. */
const maxFirstMessage = 0x1fff;

/** A message begins with a header that makes sense and one question. */
function recogniseDns(bytes: Buffer): Recognition {
  if (bytes[0]! > maxFirstMessage >> 8) return 'no';
  // The count of questions is 1: its first byte, 0, keeps text out.
  if (bytes.length > 6 && bytes[6] !== 0) return 'no';
  if (bytes.length > 7 && bytes[7] !== 1) return 'no';
  if (bytes.length < prefix + headerBytes) return 'more';
  const length = bytes.readUInt16BE(0);
  if (length < headerBytes + 5 || !isDnsHeader(bytes.subarray(prefix))) return 'no';
  const isQuery = bytes[4]! < 0x80;
  if (isQuery && bytes.readUInt16BE(8) !== 0) return 'no';
  if (bytes.readUInt16BE(10) > 64 || bytes.readUInt16BE(12) > 64) return 'no';
  const needed = prefix + Math.min(length, headerBytes + maxQuestion);
  const message = parseDns(bytes.subarray(prefix, prefix + length));
  if (message !== null) return 'yes';
  return bytes.length < needed ? 'more' : 'no';
}

class DnsHandler implements StreamHandler {
  readonly done = false;
  readonly #session: StreamSession;

  constructor(session: StreamSession) {
    this.#session = session;
  }

  data(sender: Sender): void {
    const { counters, options, emit } = this.#session;
    const stream = this.#session[sender];
    while (stream.length >= prefix) {
      const bytes = stream.bytes();
      const length = bytes.readUInt16BE(0);
      if (stream.length < prefix + length) return;
      const last = prefix + length - 1;
      const message = readDns(bytes.subarray(prefix, prefix + length), 'dns', sender, stream.frameAt(last), stream.microsAt(last), options, counters);
      if (message === null) counters.add('dns', 'malformed message');
      else emit(message);
      stream.consume(prefix + length);
    }
  }

  /** The next message most likely begins with the next packet. */
  gap(sender: Sender): void {
    this.#session.counters.add('dns', 'gap');
    this.#session[sender].clear();
  }

  end(): void {
    for (const stream of [this.#session.source, this.#session.destination]) {
      if (stream.length === 0) continue;
      this.#session.counters.add('dns', 'cut message');
      stream.clear();
    }
  }
}
