import type { Field, Message } from '#dissect';
import type { Anchor } from './scan/anchor.ts';

/**
 * What a value of the kind is about.
 *
 * `direct` reaches or names a person (e-mail, phone), `device` and `account` follow one, `session` and `secret` open something,
 * `room` says who meets whom, `location` where, `person` is what describes a person without reaching them.
 */
export type DataClass = 'direct' | 'device' | 'account' | 'session' | 'room' | 'secret' | 'location' | 'person';

/** Recognises a kind without a key name. */
export interface Shape {
  /** What stands in, or begins, each match: all sequences, or all runs. The prefilter finds them. */
  readonly anchors: readonly Anchor[];
  /** Confidence in a match, percent. */
  readonly confidence: number;
  /**
   * Reads the text around an anchor at `at`, which may be none. Calls `visit` with start (inclusive) and end (exclusive) of a valid
   * match that does not begin before `from`; returns where the next match may begin, `from` if nothing was read.
   */
  find(text: string, at: number, from: number, visit: Visit): number;
}

export type Visit = (start: number, end: number) => void;

/** What must stand in a message so that a key name means something. */
export interface Company {
  /** In words, behind "by key name beside". */
  readonly words: string;
  holds(field: Field, message: Message): boolean;
}

/**
 * A free text, or a key with its value, and optionally the path of the field it stands in, and what stands beside it (`state=9f1c&scope=profile`).
 */
export type Example = string | readonly [key: string, value: string, path?: string, beside?: string];

/** One entry of the catalogue. */
export interface IdentifierKind {
  readonly name: string;
  readonly dataClass: DataClass;
  /**
   * Key names that announce it: lower-case words joined by `_`. `user_id` stands for `userId`, `USER-ID` and `userid`, also behind
   * a qualifier such as `client` or `from`. `*_user_id` may have any words before it.
   */
  readonly keys: readonly string[];
  /** Whether a value under such a key is one. Gets the trimmed value without surrounding quotes. */
  readonly validate: (value: string) => boolean;
  readonly shape?: Shape;
  /**
   * Its key names mean it only there: as names of cookies, as the arguments of a protocol's own login (`smtp.login.password`), where
   * nothing else can stand, in SIP, or as claims of a JSON Web Token.
   */
  readonly within?: 'cookie' | 'login' | 'sip' | 'jwt';
  /** Its key names are too common to mean it anywhere else. */
  readonly company?: Company;
  /** Its key names mean something else among cookies. */
  readonly noCookie?: true;
  /** Binary formats write it as an integer too. */
  readonly integer?: true;
  /** The one spelling that the token is made of; default {@link normaliseOpaque}. */
  readonly normalise?: (value: string) => string;
  /** What a person may see of it; default {@link maskValue}, and {@link maskSecret} for secrets and sessions. */
  readonly mask?: (value: string) => string;
  /** Name of a kind that is reported too where it stands inside a value of this one; anything else inside is part of the value. */
  readonly holds?: string;
  /** Confidence in a value under an announcing key, percent. */
  readonly confidence: number;
  /** Confidence at most, percent, in an HTTP message that tells no account and no person beside it: its key names mean other things on pages. */
  readonly alone?: number;
  /** What looks like one and is none. */
  readonly traps: readonly string[];
  /** Standard or vendor page that defines it. */
  readonly source: string;
  readonly examples: { readonly match: readonly Example[]; readonly noMatch: readonly Example[] };
}
