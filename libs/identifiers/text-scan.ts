import { isAuthorizationKey, parseAuthorization } from './authorization.ts';
import { precedence } from './catalogue.ts';
import { basicCredentials, bearerToken } from './catalogue/credentials.ts';
import { decodeOnce } from './decode.ts';
import type { KeyNames } from './key-names.ts';
import { keyAnchors } from './key-anchors.ts';
import type { IdentifierKind } from './kind.ts';
import type { Found } from './reading.ts';
import { hexDigits, sequence } from './scan/anchor.ts';
import { Prefilter } from './scan/prefilter.ts';
import { createAssignment, isTrustworthy, lastSign, readAssignment, type Assignment } from './text.ts';
import { uncertaintyOfLooseKey } from './uncertainty.ts';

/** An identifier in a text. */
export interface TextHit extends Found {
  /** Position of the value as written in the text; end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Key that announced it; empty if it was recognised by its shape. */
  readonly key: string;
  /** Encoding of the value within the text; empty if verbatim. */
  readonly encoding: string;
}

const nothing: TextHit[] = [];

/**
 * Finds identifiers in free text, by shape and by key. One pass of the prefilter tells where either may occur, and only these places are read. Of
 * overlapping identifiers the most specific is kept.
 */
export class TextScanner {
  /** Whether the last text holds a percent sign with two hexadecimal digits. */
  hasPercentEncoding = false;

  readonly #keyNames: KeyNames;
  readonly #shaped: readonly IdentifierKind[];
  readonly #wanted: (key: string) => boolean;
  readonly #prefilter: Prefilter;
  /** Pattern numbers: the shapes come first. */
  readonly #assignments: number;
  readonly #percent: number;
  /** Where the next match of each pattern may begin. */
  readonly #from: Int32Array;
  readonly #assignment = createAssignment();

  constructor(catalogue: readonly IdentifierKind[], keyNames: KeyNames) {
    this.#keyNames = keyNames;
    this.#shaped = catalogue.filter((kind) => kind.shape !== undefined);
    this.#wanted = (key) => isAuthorizationKey(key) || keyNames.announced(key) !== null;
    this.#assignments = this.#shaped.length;
    this.#percent = this.#assignments + 1;
    this.#from = new Int32Array(this.#percent + 1);
    this.#prefilter = new Prefilter([
      ...this.#shaped.map(({ shape }) => shape!.anchors),
      keyAnchors([...keyNames.names(), 'authorization']),
      [sequence('%', hexDigits, hexDigits)],
    ]);
  }

  scan(text: string, withAssignments = true): TextHit[] {
    this.hasPercentEncoding = false;
    const candidates = this.#prefilter.scanText(text);
    if (candidates === 0) return nothing;
    const { positions, patterns } = this.#prefilter;
    const hits: TextHit[] = [];
    this.#from.fill(0);
    let last: number | undefined;
    for (let i = 0; i < candidates; i++) {
      const pattern = patterns[i]!;
      if (pattern < this.#assignments) this.#shape(text, positions[i]!, pattern, hits);
      else if (pattern === this.#percent) this.hasPercentEncoding = true;
      else if (withAssignments && positions[i]! < (last ??= lastSign(text))) this.#assignmentAt(text, positions[i]!, hits);
    }
    return hits.length < 2 ? hits : withoutOverlap(hits);
  }

  #shape(text: string, at: number, pattern: number, hits: TextHit[]): void {
    const kind = this.#shaped[pattern]!;
    const { find, confidence } = kind.shape!;
    this.#from[pattern] = find(text, at, this.#from[pattern]!, (start, end) => {
      hits.push({ kind, value: text.slice(start, end), start, end, key: '', encoding: '', confidence });
    });
  }

  #assignmentAt(text: string, at: number, hits: TextHit[]): void {
    const assignment = this.#assignment;
    const sign = readAssignment(text, at, this.#from[this.#assignments]!, this.#wanted, assignment);
    if (sign < 0) return;
    // Anything inside an unquoted value belongs to it, and is not read again from each sign within.
    this.#from[this.#assignments] = assignment.quoted ? sign + 1 : Math.max(sign + 1, assignment.start + assignment.value.length);
    if (assignment.value === '') return;
    const hit = isAuthorizationKey(assignment.key) ? this.#authorization(text, assignment) : this.#assigned(text, assignment);
    if (hit !== null) hits.push(hit);
  }

  #assigned(text: string, assignment: Assignment): TextHit | null {
    const announcement = this.#keyNames.announced(assignment.key);
    if (announcement === null || !isTrustworthy(text, assignment)) return null;
    const decoded = assignment.value.includes('%') ? decodeOnce(assignment.value) : null;
    const value = (decoded?.text ?? assignment.value).trim();
    for (const kind of announcement.kinds) {
      if (kind.within !== undefined || !kind.validate(value)) continue;
      return {
        kind,
        value,
        start: assignment.start,
        end: assignment.start + assignment.value.length,
        key: assignment.key,
        encoding: decoded?.encoding ?? '',
        confidence: kind.confidence - (announcement.loose ? uncertaintyOfLooseKey : 0),
      };
    }
    return null;
  }

  /** Scheme and credentials are separated by a space, so the value continues to the end of the line or quote. */
  #authorization(text: string, { key, start }: Assignment): TextHit | null {
    const rest = /^[A-Za-z]+ +[^\s"',;<>]+/.exec(text.slice(start, start + 8192));
    const credentials = rest === null ? null : parseAuthorization(rest[0]);
    if (credentials === null) return null;
    const end = start + rest![0].length;
    const place = { value: credentials.value, start: end - credentials.written.length, end, key };
    if (credentials.scheme === 'basic') return { ...place, kind: basicCredentials, encoding: 'base64', confidence: basicCredentials.confidence };
    if (!bearerToken.validate(credentials.value)) return null;
    return { ...place, kind: bearerToken, encoding: '', confidence: bearerToken.confidence };
  }
}

/** Number of recently kept hits that can overlap the next one: a hit, and those that it holds. */
const reach = 3;

function withoutOverlap(hits: TextHit[]): TextHit[] {
  hits.sort((a, b) => a.start - b.start || precedence(a.kind) - precedence(b.kind) || a.key.length - b.key.length);
  const kept: TextHit[] = [];
  for (const hit of hits) {
    const rivals = kept.slice(-reach).filter((other) => hit.start < other.end && other.kind.holds !== hit.kind.name);
    if (rivals.some((other) => precedence(other.kind) <= precedence(hit.kind))) continue;
    for (const rival of rivals) kept.splice(kept.lastIndexOf(rival), 1);
    kept.push(hit);
  }
  return kept;
}
