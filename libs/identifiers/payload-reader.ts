import type { Message } from '#dissect';
import { loginName, loginPassword } from './catalogue/logins.ts';
import { imei, imsi } from './catalogue/subscriptions.ts';
import { decodeOnce } from './decode.ts';
import { loginArguments } from './line-commands.ts';
import { PayloadGlance } from './payload-glance.ts';
import type { PayloadScanner } from './payload-scan.ts';
import { fromQuotedPrintable } from './quoted-printable.ts';
import { chain, type MessageReading, type Place } from './reading.ts';
import { findPlainLogin } from './sasl-plain.ts';
import { readStructure } from './structured.ts';
import { findTbcd } from './tbcd.ts';
import type { TextScanner } from './text-scan.ts';
import { uncertaintyOfPath } from './uncertainty.ts';
import { findUtf16 } from './utf16.ts';
import type { ValueReader } from './value-reader.ts';

/** Longest line of a text protocol, and shortest base64 word in it, that is read. */
const longestLine = 2048;
const leastBase64Word = 16;
/** Maximum size in bytes of a payload read as a structure, and offsets at which one may begin: after a length, or after the header of a frame. */
const mostStructured = 16 * 1024;
const structureOffsets = [0, 2, 4, 5, 8, 12, 16] as const;
/** Maximum number of bytes before compressed data in a payload. */
const longestHeader = 64;

/** Known protocols whose payloads may be anything an application sends. */
const carriers: ReadonlySet<string> = new Set(['http', 'websocket', 'mqtt']);

/** Reads bytes that no dissector has parsed: as a whole, and for identifiers among them. */
export class PayloadReader {
  readonly #text: TextScanner;
  readonly #scanner: PayloadScanner;
  readonly #values: ValueReader;
  readonly #reading: MessageReading;
  /** Of the current payload. */
  readonly #glance = new PayloadGlance();

  constructor(text: TextScanner, scanner: PayloadScanner, values: ValueReader, reading: MessageReading) {
    this.#text = text;
    this.#scanner = scanner;
    this.#values = values;
    this.#reading = reading;
  }

  read(message: Message, payload: Buffer): void {
    const bytes = this.#reading.boundedBytes(payload);
    const isText = message.encryption.verdict === 'cleartext' && !bytes.includes(0);
    const { watch } = this.#reading;
    if (watch !== null && isText) watch.addText(bytes.toString('latin1'), placeInPayload(message, 0, ''));
    else if (watch !== null) watch.addBytes(bytes, placeInPayload(message, 0, ''));
    this.#glance.look(bytes);
    const isKnown = message.encryption.verdict === 'cleartext' && !carriers.has(message.protocol);
    if (!(isKnown ? this.#claimed(message, bytes, isText) : this.#structured(message, bytes))) {
      for (const hit of this.#scanner.scan(bytes, this.#glance)) this.#reading.add(hit, placeInPayload(message, hit.offset, hit.encoding));
    }
    if (message.protocol !== 'tcp' || bytes.length > longestLine) return;
    this.#login(message, bytes);
    if (isLine(bytes)) this.#line(bytes.toString('latin1').trimEnd(), message);
  }

  /**
   * Queries and calls of a known protocol. Their structure need not be guessed, but their text may be UTF-16 or quoted-printable. Returns whether the
   * latter contained identifiers.
   */
  #claimed(message: Message, bytes: Buffer, isText: boolean): boolean {
    if (!isText) {
      this.#utf16(message, bytes);
      return false;
    }
    const text = bytes.length <= longestLine && bytes.includes(0x3d) ? fromQuotedPrintable(bytes.toString('latin1')) : null;
    if (text !== null) this.#values.readPlain(text, null, placeInPayload(message, 0, 'quoted-printable'), text);
    return text !== null && this.#reading.size > 0;
  }

  /**
   * Interprets a payload as a whole, or after a short header, as compressed data, a structure with names, UTF-16 text, or identities in telephony
   * BCD. Returns whether a structure contained identifiers, so that nothing is left to guess.
   */
  #structured(message: Message, bytes: Buffer): boolean {
    const packed = gzipMark(bytes);
    if (packed >= 0) return this.#values.packed(bytes.subarray(packed), placeInPayload(message, packed, ''));
    this.#utf16(message, bytes);
    if (this.#glance.hasDigits) this.#tbcd(message, bytes);
    const before = this.#reading.size;
    return this.#structure(message, bytes) && this.#reading.size > before;
  }

  #utf16(message: Message, bytes: Buffer): void {
    findUtf16(bytes, (text, _offset, encoding) => this.#values.readPlain(text, null, placeInPayload(message, 0, encoding), text));
  }

  #tbcd(message: Message, bytes: Buffer): void {
    findTbcd(bytes, ({ kind, digits, offset }) => {
      const identity = kind === 'imsi' ? imsi : imei;
      const confidence = identity.confidence - uncertaintyOfPath;
      this.#reading.add({ kind: identity, value: digits, confidence }, placeInPayload(message, offset, 'tbcd'));
    });
  }

  /** Returns whether all of a structure was read. */
  #structure(message: Message, bytes: Buffer): boolean {
    for (const start of structureOffsets) {
      const structure = bytes.length - start > mostStructured ? null : readStructure(bytes, start);
      if (structure === null) continue;
      for (const value of structure.values) this.#values.structured(value, placeInPayload(message, value.offset, structure.encoding));
      if (structure.isCut) this.#reading.truncate();
      return !structure.isCut;
    }
    return false;
  }

  #login(message: Message, bytes: Buffer): void {
    const login = findPlainLogin(bytes);
    if (login === null || !loginName.validate(login.user) || !loginPassword.validate(login.password)) return;
    this.#reading.addAnnounced(loginName, login.user, placeInPayload(message, login.userOffset, 'length-prefixed'));
    this.#reading.addAnnounced(loginPassword, login.password, placeInPayload(message, login.passwordOffset, 'length-prefixed'));
  }

  /** A line of a text protocol: a login, or base64 as the last word, as sent by SASL mechanisms (RFC 4954, section 4). */
  #line(line: string, message: Message): void {
    if (message.sender === 'source') {
      for (const { kind, value, offset } of loginArguments(line)) this.#reading.addAnnounced(kind, value, placeInPayload(message, offset, ''));
    }
    const start = line.lastIndexOf(' ') + 1;
    const word = line.slice(start);
    const decoded = word.length < leastBase64Word || this.#reading.size > 0 ? null : decodeOnce(word);
    if (decoded === null) return;
    for (const hit of this.#text.scan(decoded.text)) {
      this.#reading.add(hit, placeInPayload(message, start, chain(decoded.encoding, hit.encoding)), word);
    }
  }
}

function placeInPayload({ protocol, sender, frame }: Message, offset: number, encoding: string): Place {
  return { path: `${protocol}.payload@${offset}`, encoding, sender, frame };
}

/** Offset of gzip data (RFC 1952, section 2.3.1; the third byte is the method), or -1. */
function gzipMark(bytes: Buffer): number {
  const end = Math.min(longestHeader, bytes.length) - 2;
  for (let i = 0; i < end; i++) if (bytes[i] === 0x1f && bytes[i + 1] === 0x8b && bytes[i + 2] === 8) return i;
  return -1;
}

/** Whether it is a line of text without control characters, possibly followed by white space. */
function isLine(bytes: Buffer): boolean {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 10 || bytes[end - 1] === 13 || bytes[end - 1] === 0x20)) end--;
  for (let i = 0; i < end; i++) if (bytes[i]! < 0x20 && bytes[i] !== 9) return false;
  return true;
}
