import { isAuthorizationKey, parseAuthorization } from './authorization.ts';
import { precedence } from './catalogue.ts';
import { basicCredentials, bearerToken } from './catalogue/credentials.ts';
import { decodeOnce } from './decode.ts';
import type { KeyNames } from './key-names.ts';
import { hint, type IdentifierKind } from './kind.ts';
import { findAssignments, isTrustworthy, type Assignment } from './text.ts';

/** An identifier in a text. */
export interface TextHit {
  readonly kind: IdentifierKind;
  readonly value: string;
  /** Where what was written for it stands in the text; end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Key that announced it; empty when its shape alone did. */
  readonly key: string;
  /** Encoding of the value within the text; empty when it stands as it is. */
  readonly encoding: string;
  readonly confidence: number;
}

/** Taken off the confidence when unknown words stand before a key's name. */
export const looseness = 15;

/**
 * Finds identifiers in free text, by shape and by key, given the {@link hint} bits of the text.
 * Of overlapping ones the most specific is kept.
 */
export class TextScanner {
  readonly #keyNames: KeyNames;
  readonly #shaped: readonly IdentifierKind[];
  readonly #wanted: (key: string) => boolean;

  constructor(catalogue: readonly IdentifierKind[], keyNames: KeyNames) {
    this.#keyNames = keyNames;
    this.#shaped = catalogue.filter((kind) => kind.shape !== undefined);
    this.#wanted = (key) => isAuthorizationKey(key) || keyNames.announced(key) !== null;
  }

  scan(text: string, hints: number): TextHit[] {
    const hits: TextHit[] = [];
    if (hints !== 0) {
      for (const kind of this.#shaped) {
        const shape = kind.shape!;
        if ((shape.hint & hints) === 0) continue;
        shape.find(text, (start, end) => {
          hits.push({ kind, value: text.slice(start, end), start, end, key: '', encoding: '', confidence: shape.confidence });
        });
      }
      if ((hints & hint.assignment) !== 0) {
        findAssignments(text, this.#wanted, (assignment) => {
          const hit = isAuthorizationKey(assignment.key) ? this.#authorization(text, assignment) : this.#assigned(assignment);
          if (hit !== null) hits.push(hit);
        });
      }
    }
    return hits.length < 2 ? hits : withoutOverlap(hits);
  }

  #assigned(assignment: Assignment): TextHit | null {
    const announcement = this.#keyNames.announced(assignment.key);
    if (announcement === null || !isTrustworthy(assignment)) return null;
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
        confidence: kind.confidence - (announcement.loose ? looseness : 0),
      };
    }
    return null;
  }

  /** The scheme and the credentials stand behind one space, so the value goes on to the end of the line or quote. */
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

/** How many of the last hits kept can reach over the next one: one, and what it holds. */
const reach = 3;

function withoutOverlap(hits: TextHit[]): TextHit[] {
  hits.sort((a, b) => a.start - b.start || precedence(a.kind) - precedence(b.kind));
  const kept: TextHit[] = [];
  for (const hit of hits) {
    const rivals = kept.slice(-reach).filter((other) => hit.start < other.end && other.kind.holds !== hit.kind.name);
    if (rivals.some((other) => precedence(other.kind) <= precedence(hit.kind))) continue;
    for (const rival of rivals) kept.splice(kept.lastIndexOf(rival), 1);
    kept.push(hit);
  }
  return kept;
}
