import { catalogue } from './catalogue.ts';
import { watchedValue } from './catalogue/watched.ts';
import type { IdentifierKind } from './kind.ts';
import { maskOf } from './mask.ts';
import { normaliseOpaque } from './opaque.ts';
import type { Tokeniser } from './token.ts';
import { findMatches } from './shape.ts';
import { blockBytes, bytesSpelling, textSpelling, writeBytesBlock, writeTextBlock, type WatchKey } from './watch-key.ts';
import { leastDigits, leastText, spellingsOf } from './watch-spellings.ts';

/** A value on a list, as stored: without the probe's key, it reveals nothing of the value but its mask. */
export interface WatchEntry {
  readonly kind: IdentifierKind;
  /** The token that the value has wherever it is recognised. */
  readonly token: string;
  readonly mask: string;
  readonly spellings: readonly WatchMark[];
}

/** A spelling of a value, as stored. */
export interface WatchMark {
  readonly form: 'text' | 'bytes';
  /** Length in characters of a text, or in bytes. */
  readonly length: number;
  /** First four bytes of {@link WatchKey.filter}. */
  readonly filter: number;
  readonly tag: string;
  readonly encoding: string;
}

export interface Watchlist {
  readonly name: string;
  readonly entries: readonly WatchEntry[];
}

/** Bound on the values of all lists of a probe. */
export const mostWatched = 10_000;
/** Longest value, in characters. */
const longestWatched = 128;

/** The fault of a list, and its location. Never quotes a value. */
export class WatchlistError extends Error {
  readonly file: string;
  /** From 1 on; 0 is the file as a whole. */
  readonly line: number;

  constructor(file: string, line: number, problem: string) {
    super(`${file}${line === 0 ? '' : `:${line}`}: ${problem}`);
    this.file = file;
    this.line = line;
  }
}

export const watchlistName = /^[a-z0-9][a-z0-9-]{0,47}$/;

/**
 * Creates the entry of a value. Without a kind, a value that has the shape of one (an e-mail address, a MAC address …) is of that kind, and any other
 * a `watched_value`.
 *
 * @throws RangeError if the value cannot be watched; the message does not quote it
 */
export function watch(value: string, kindName: string, tokeniser: Tokeniser, key: WatchKey): WatchEntry {
  const bare = value.trim();
  if (bare.length < leastText || (/^\d+$/.test(bare) && bare.length < leastDigits))
    throw new RangeError(`the value is too short to be told from other text: it needs at least ${leastText} characters, or ${leastDigits} digits`);
  if (bare.length > longestWatched) throw new RangeError(`the value is longer than ${longestWatched} characters`);
  const kind = kindOf(bare, kindName);
  const mask = maskOf(kind, bare);
  const spellings = spellingsOf(bare, kind).map(({ encoding, written }): WatchMark => markOf(written, encoding, key));
  return { kind, token: tokeniser.token((kind.normalise ?? normaliseOpaque)(bare)), mask, spellings };
}

function kindOf(value: string, name: string): IdentifierKind {
  if (name === '') return catalogue.find((kind) => kind.shape !== undefined && isWhole(kind, value) && kind.validate(value)) ?? watchedValue;
  const kinds = catalogue.filter((kind) => kind.name === name);
  if (kinds.length === 0) throw new RangeError(`the catalogue has no kind ${JSON.stringify(name)}; docs/identifiers.md lists them`);
  const kind = kinds.find((one) => one.validate(value));
  if (kind === undefined) throw new RangeError(`the value is not a valid ${name}`);
  return kind;
}

function isWhole({ shape }: IdentifierKind, value: string): boolean {
  let whole = false;
  findMatches(shape!, value, (start, end) => { whole ||= start === 0 && end === value.length; });
  return whole;
}

function markOf(written: string | Buffer, encoding: string, key: WatchKey): WatchMark {
  const block = Buffer.alloc(blockBytes);
  if (typeof written === 'string') writeTextBlock(block, 0, written, 0, written.length);
  else writeBytesBlock(block, 0, written, 0, written.length);
  const form = typeof written === 'string' ? 'text' : 'bytes';
  const tag = key.tag(typeof written === 'string' ? textSpelling(written) : bytesSpelling(written));
  return { form, length: written.length, filter: key.filter(block).readUInt32LE(0), tag, encoding };
}

const version = 1;

/** The file format of a list: a line with its name and key id, then a line for each value. */
export function serialiseWatchlist({ name, entries }: Watchlist, keyId: string): string {
  const lines = entries.map(({ kind, token, mask, spellings }) =>
    JSON.stringify({
      kind: kind.name,
      token,
      mask,
      spellings: spellings.map(({ form, length, filter, tag, encoding }) => `${form[0]}${length}:${filter.toString(36)}:${tag}:${encoding}`),
    }),
  );
  return `${[JSON.stringify({ watchlist: name, version, key: keyId }), ...lines].join('\n')}\n`;
}

/** @throws {WatchlistError} with file and line */
export function parseWatchlist(text: string, file: string, keyId: string): Watchlist {
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const header = parseLine(head, file, 1);
  const name = header['watchlist'];
  if (typeof name !== 'string' || !watchlistName.test(name))
    throw new WatchlistError(file, 1, 'the file is not a watchlist: write one with telltale watchlist add');
  if (header['version'] !== version)
    throw new WatchlistError(file, 1, `the list has version ${String(header['version'])} of the format, and only version ${version} can be read`);
  if (header['key'] !== keyId)
    throw new WatchlistError(file, 1, `the list was made with token key ${String(header['key'])}, but the probe has ${keyId}: add its values anew`);
  if (lines.length > mostWatched)
    throw new WatchlistError(file, mostWatched + 2, `the list has more than ${mostWatched} values, the most that are watched`);
  return { name, entries: lines.map((line, index) => parseEntry(parseLine(line, file, index + 2), file, index + 2)) };
}

function parseLine(line: string, file: string, number: number): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Reported below: JSON's own message would quote the line.
  }
  throw new WatchlistError(file, number, 'the line is not a JSON object');
}

const markForm = /^([tb])(\d{1,3}):([0-9a-z]{1,7}):([\w-]{16}):([\w>]{0,20})$/;

function parseEntry(line: Record<string, unknown>, file: string, number: number): WatchEntry {
  const { kind: name, token, mask, spellings } = line;
  const kind = catalogue.find((one) => one.name === name);
  if (kind === undefined) throw new WatchlistError(file, number, 'the catalogue does not have the kind of this entry');
  if (typeof token !== 'string' || !token.startsWith('tk1.') || typeof mask !== 'string' || !Array.isArray(spellings))
    throw new WatchlistError(file, number, 'the entry needs kind, token, mask and spellings');
  const marks = spellings.map((spelling): WatchMark => {
    const match = typeof spelling === 'string' ? markForm.exec(spelling) : null;
    if (match === null) throw new WatchlistError(file, number, 'a spelling of the entry is malformed');
    const [, form, length, filter, tag, encoding] = match as unknown as [string, string, string, string, string, string];
    return { form: form === 't' ? 'text' : 'bytes', length: Number(length), filter: Number.parseInt(filter, 36), tag, encoding };
  });
  return { kind, token, mask, spellings: marks };
}
