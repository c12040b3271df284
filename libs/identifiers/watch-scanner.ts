import { characterClasses } from './character-classes.ts';
import type { WatchEntry, Watchlist } from './watchlist.ts';
import { blockBytes, bytesSpelling, textSpelling, writeBytesBlock, writeTextBlock, type WatchKey } from './watch-key.ts';

/** A value of a list that was found. */
export interface WatchHit<Place> {
  readonly entry: WatchEntry;
  readonly list: string;
  /** Encodings around it, outermost first. */
  readonly encoding: string;
  /** The value as written. */
  readonly value: string;
  /** As passed with the text or the bytes, and the offset within them. */
  readonly place: Place;
  readonly offset: number;
}

/** Bounds per message on candidates, and on those checked by HMAC; further ones are skipped and counted. */
const mostCandidates = 8192;
const mostTags = 256;
/** Bytes at the start of a payload in which values are searched for at each offset: headers, where binary protocols put their ids. */
const binaryBytes = 128;
/** A four-byte integer is found by chance in one of some thousand payloads, and counts only once it was seen twice at the same offset. */
const chanceBytes = 4;
const mostSeen = 4096;
const longestText = 128;
/** Longest run of which parts are examined: base64 is longer. */
const mostRun = 512;

/** `=`, the padding of base64. */
const filler = 0x3d;

/** Classes of a character, as bits: part of a word; a sign that may occur inside a value, so that both the run and its parts are candidates. */
const word = 1;
const joiner = 2;
const classes = characterClasses(128, [[word, /[A-Za-z0-9]/], [joiner, /[._\-+@~$|]/]]);

interface Mark {
  readonly entry: WatchEntry;
  readonly list: string;
  readonly encoding: string;
}

/**
 * Finds the values of watchlists. Since these are known only as keyed digests, candidates are extracted from the traffic and compared:
 *
 * - from texts, the text as a whole, each run of letters, digits and `._-+@~$|`, its parts between those signs, and those before and after an `@`;
 * - from bytes, runs of text, length-prefixed text, and, at each of the first 128 offsets, as many bytes as a list's binary spellings have.
 *
 * Only candidates that have the length of a listed spelling are passed to the keyed filter, in one call per message, and only those that pass it (at
 * most one in 256) to an HMAC.
 */
export class WatchScanner<Place> {
  /** Candidates skipped because a message had too many; the reader may reset it. */
  skipped = 0;

  readonly #key: WatchKey;
  readonly #marks = new Map<string, Mark>();
  readonly #listOfToken = new Map<string, string>();
  /** One bit per possible filter output. */
  readonly #bits: Uint32Array;
  readonly #mask: number;
  readonly #textLengths = new Uint8Array(longestText + 1);
  readonly #byteLengths: number[];
  readonly #blocks = Buffer.alloc(mostCandidates * blockBytes);
  /** Source, start and end of each candidate. */
  readonly #candidates = new Int32Array(mostCandidates * 3);
  readonly #sources: { held: string | Buffer; place: Place }[] = [];
  readonly #seen = new Set<string>();
  #count = 0;

  constructor(lists: readonly Watchlist[], key: WatchKey) {
    this.#key = key;
    const marks = lists.flatMap(({ name, entries }) => entries.flatMap((entry) => entry.spellings.map((mark) => ({ list: name, entry, mark }))));
    const size = 2 ** Math.max(16, Math.ceil(Math.log2(marks.length * 256 + 1)));
    this.#bits = new Uint32Array(size / 32);
    this.#mask = size - 1;
    const byteLengths = new Set<number>();
    for (const { list, entry, mark } of marks) {
      const bit = mark.filter & this.#mask;
      this.#bits[bit >>> 5]! |= 1 << (bit & 31);
      if (mark.form === 'text') {
        if (mark.length <= longestText) this.#textLengths[mark.length] = 1;
      } else byteLengths.add(mark.length);
      if (!this.#marks.has(mark.tag)) this.#marks.set(mark.tag, { entry, list, encoding: mark.encoding });
    }
    for (const { name, entries } of lists) for (const { token } of entries) if (!this.#listOfToken.has(token)) this.#listOfToken.set(token, name);
    this.#byteLengths = [...byteLengths];
  }

  /** Name of the list that contains a token; empty if none does. */
  listOf(token: string): string {
    return this.#listOfToken.get(token) ?? '';
  }

  /** Collects the candidates in a text; values found in it carry `place`. */
  addText(text: string, place: Place): void {
    const source = this.#sources.push({ held: text, place }) - 1;
    this.#runs(text, source);
    // The whole text may contain any characters, like the base64 of a digest.
    let end = Math.min(text.length, longestText + 2);
    while (end > 0 && text.charCodeAt(end - 1) === filler) end--;
    if (end === text.length || text.length <= longestText + 2) this.#text(text, source, 0, end);
  }

  /** Collects the candidates in bytes of unknown structure. */
  addBytes(bytes: Buffer, place: Place): void {
    const source = this.#sources.push({ held: bytes, place }) - 1;
    const end = Math.min(bytes.length, binaryBytes);
    for (let at = 0; at < end; at++) {
      for (const length of this.#byteLengths) if (at + length <= bytes.length) this.#bytes(bytes, source, at, at + length);
    }
    const text = bytes.toString('latin1');
    const asText = this.#sources.push({ held: text, place }) - 1;
    this.#runs(text, asText);
    // Length-prefixed text may adjoin other text, and so not be a run of its own.
    for (let at = 0; at + 1 < bytes.length; at++) {
      const length = bytes[at]!;
      if (length <= longestText && this.#textLengths[length] === 1 && at + 1 + length <= bytes.length)
        this.#text(text, asText, at + 1, at + 1 + length);
    }
  }

  /** The listed values among the candidates collected since the last call. */
  take(): WatchHit<Place>[] {
    const hits = this.#count === 0 ? [] : this.#matches();
    this.#count = 0;
    this.#sources.length = 0;
    return hits;
  }

  #runs(text: string, source: number): void {
    let start = -1;
    let hasJoiner = false;
    for (let i = 0; i <= text.length; i++) {
      const code = i < text.length ? text.charCodeAt(i) : 0;
      const kind = code >= 128 ? word : classes[code]!;
      if (kind !== 0) {
        if (start < 0) {
          start = i;
          hasJoiner = false;
        }
        hasJoiner ||= kind === joiner;
      } else if (start >= 0) {
        if (hasJoiner) this.#parts(text, source, start, i);
        else this.#text(text, source, start, i);
        start = -1;
      }
    }
  }

  /** Candidates in a run with joiners: the run without those at its ends; the parts before and after the first `@`; and each part between joiners. */
  #parts(text: string, source: number, start: number, end: number): void {
    while (start < end && isJoiner(text, start) && text[start] !== '+') start++;
    while (end > start && isJoiner(text, end - 1)) end--;
    if (end - start > mostRun) return;
    this.#text(text, source, start, end);
    const at = text.indexOf('@', start);
    if (at > start && at < end) {
      this.#text(text, source, start, at);
      this.#text(text, source, at + 1, end);
    }
    let part = start;
    for (let i = start; i <= end; i++) {
      if (i < end && !isJoiner(text, i)) continue;
      if (i > part) this.#text(text, source, part, i);
      part = i + 1;
    }
  }

  #text(text: string, source: number, start: number, end: number): void {
    if (end - start > longestText || this.#textLengths[end - start] === 0) return;
    if (this.#candidate(source, start, end)) writeTextBlock(this.#blocks, (this.#count - 1) * blockBytes, text, start, end);
  }

  #bytes(bytes: Buffer, source: number, start: number, end: number): void {
    if (this.#candidate(source, start, end)) writeBytesBlock(this.#blocks, (this.#count - 1) * blockBytes, bytes, start, end - start);
  }

  #candidate(source: number, start: number, end: number): boolean {
    if (this.#count === mostCandidates) {
      this.skipped++;
      return false;
    }
    const at = this.#count++ * 3;
    this.#candidates[at] = source;
    this.#candidates[at + 1] = start;
    this.#candidates[at + 2] = end;
    return true;
  }

  #matches(): WatchHit<Place>[] {
    const filtered = this.#key.filter(this.#blocks.subarray(0, this.#count * blockBytes));
    const hits: WatchHit<Place>[] = [];
    let tags = 0;
    for (let i = 0; i < this.#count; i++) {
      const bit = filtered.readUInt32LE(i * blockBytes) & this.#mask;
      if ((this.#bits[bit >>> 5]! & (1 << (bit & 31))) === 0) continue;
      if (++tags > mostTags) {
        this.skipped += this.#count - i;
        break;
      }
      const hit = this.#match(i);
      if (hit !== null) hits.push(hit);
    }
    return hits;
  }

  #match(index: number): WatchHit<Place> | null {
    const { held, place } = this.#sources[this.#candidates[index * 3]!]!;
    const offset = this.#candidates[index * 3 + 1]!;
    const end = this.#candidates[index * 3 + 2]!;
    const written = typeof held === 'string' ? held.slice(offset, end) : held.subarray(offset, end);
    const mark = this.#marks.get(this.#key.tag(typeof written === 'string' ? textSpelling(written) : bytesSpelling(written)));
    if (mark === undefined) return null;
    if (typeof written !== 'string' && written.length <= chanceBytes && !this.#isRepeated(`${mark.entry.token} ${offset}`)) return null;
    return { ...mark, value: typeof written === 'string' ? written : written.toString('latin1'), place, offset };
  }

  #isRepeated(place: string): boolean {
    if (this.#seen.has(place)) return true;
    if (this.#seen.size >= mostSeen) this.#seen.clear();
    this.#seen.add(place);
    return false;
  }
}

function isJoiner(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 128 && classes[code] === joiner;
}
