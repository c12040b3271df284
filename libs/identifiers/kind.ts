import type { Field, Message } from '#dissect';
import type { Anchor } from './scan/anchor.ts';

/**
 * What a value of the kind reveals or allows.
 *
 * `direct` reaches or names a person (e-mail, phone), `device` and `account` track one, `session` and `secret` grant access, `room` tells who meets
 * whom, `location` tells where, `person` describes a person without reaching them.
 */
export type DataClass = 'direct' | 'device' | 'account' | 'session' | 'room' | 'secret' | 'location' | 'person';

/** Recognises a kind by its form, without a key name. */
export interface Shape {
  /** Sequences or runs (all of one type) that each match contains or begins with. The prefilter finds them. */
  readonly anchors: readonly Anchor[];
  /** Confidence in a match, percent. */
  readonly confidence: number;
  /**
   * Reads the text around an anchor at `at`, which need not belong to a match. Calls `visit` with start (inclusive) and end (exclusive) of a valid
   * match that does not begin before `from`. Returns where the next match may begin, or `from` if nothing was read.
   */
  find(text: string, at: number, from: number, visit: Visit): number;
}

export type Visit = (start: number, end: number) => void;

/** What else a message must contain for an ambiguous key name to count. */
export interface Company {
  /** In words, to follow "by key name beside". */
  readonly words: string;
  holds(field: Field, message: Message): boolean;
}

/** A free text, or a key with its value, and optionally the path of its field and the fields beside it (`state=9f1c&scope=profile`). */
export type Example = string | readonly [key: string, value: string, path?: string, beside?: string];

/** One entry of the catalogue. */
export interface IdentifierKind {
  readonly name: string;
  readonly dataClass: DataClass;
  /**
   * Key names that announce it: lower-case words joined by `_`. `user_id` also matches `userId`, `USER-ID` and `userid`, and each of them after a
   * qualifier such as `client` or `from`. `*_user_id` may be preceded by any words.
   */
  readonly keys: readonly string[];
  /** Whether a value under such a key is of this kind. Receives the trimmed value without surrounding quotes. */
  readonly validate: (value: string) => boolean;
  readonly shape?: Shape;
  /**
   * The key names count only in this place: names of cookies, arguments of a protocol's own login (`smtp.login.password`, where nothing else can
   * occur), SIP, or claims of a JSON Web Token.
   */
  readonly within?: 'cookie' | 'login' | 'sip' | 'jwt';
  /** The key names are too common to count without this context. */
  readonly company?: Company;
  /** In cookies, the key names mean something else. */
  readonly noCookie?: true;
  /** Binary formats may also store it as an integer. */
  readonly integer?: true;
  /** The canonical spelling from which the token is derived; default {@link normaliseOpaque}. */
  readonly normalise?: (value: string) => string;
  /** The part of it that may be shown to a person; default {@link maskValue}, and {@link maskSecret} for secrets and sessions. */
  readonly mask?: (value: string) => string;
  /** Parts of a value that must not be shown where they stand alone either, such as the user's name. */
  readonly parts?: (value: string) => string[];
  /** Name of a kind that is also reported if it occurs inside a value of this one. Anything else inside is part of the value. */
  readonly holds?: string;
  /** Confidence in a value under an announcing key, percent. */
  readonly confidence: number;
  /**
   * Upper bound of the confidence, percent, in an HTTP message without an account or a person: on ordinary pages, the key names mean other things.
   */
  readonly alone?: number;
  /** Sentences about values that look like one but are not, or say less than it seems; docs/identifiers.md shows them. */
  readonly traps: readonly string[];
  /** Standard or vendor page that defines it. */
  readonly source: string;
  readonly examples: { readonly match: readonly Example[]; readonly noMatch: readonly Example[] };
}
