import { keptText } from './kept-text.ts';
import type { IdentifierKind } from './kind.ts';
import { kindsByName, type KindsByName } from './kinds-by-name.ts';

/**
 * Words that tell whose an identifier is or where it comes from, and do not change the meaning of the rest of the name: `from_uid`, `X-Client-Uid`.
 */
const qualifiers = new Set((
  'a app apple android current client creator callee caller chat cookie cur data dev device enc encoded facebook fb from google guest host http '
  + 'im in ios js last login local logged m me member mobile my new obj old original owner p param participant peer phone player qq receiver '
  + 'agora baidu conf first hw kuaishou meeting ms native oppo org primary publisher recipient remote req rtc sdk second secondary sender '
  + 'self src source stream subscriber target tencent to user voice video vip visitor vivo web wechat weibo wifi wx x xiaomi yy zoom'
).split(' '));

/** Words that change the meaning of a name: anti-forgery tokens, request and trace ids, digests, experiments, counters. */
const otherwise = new Set((
  'csrf xsrf forgery authenticity request trace tracing correlation span transaction nonce etag boundary ab abtest experiment variant bucket '
  + 'captcha verification verify count expires expiry expire ttl timeout type version page pages placeholder field column class style css '
  + 'template ice public cancellation cancel next continuation sync paging pagination cursor upload resume recaptcha challenge asset build release '
  + 'commit checksum hash integrity crc template locale label hint help error required min max length limit format pattern regex policy enabled'
).split(' '));

/**
 * Header names whose words would announce an identifier, but which identify a message (RFC 3261 20.8; RFC 5322 3.6.4), or one playback of a film, for
 * which Apple's players generate a new id each time (HTTP Live Streaming).
 */
const otherHeaders = new Set([
  'call-id', 'message-id', 'content-id', 'x-request-id', 'x-csrf-token', 'x-xsrf-token', 'sec-websocket-key', 'x-playback-session-id',
]);

/** In Gnutella, in the lines of its handshake and in responses, it proves the version of a program; HTTP requests use it to log in. */
const versionHeader = /^x-token$/i;

/** Leaf names that mean something only together with the name of their parent: `room.id`, `user.name`. */
const leafNames = new Set(['id', 'ids', 'uuid', 'number', 'no', 'name', 'token', 'key', 'value']);

/** Path segments that denote a part of a message, not a thing. */
const structure = new Set(
  'url query path http request response header cookie set-cookie body json form text xml payload data params multipart'.split(' '),
);

const longestKey = 64;
const cacheLimit = 8192;

/**
 * A suffix that distinguishes several fields of a name: a number, or an id of the site in hexadecimal (`_pk_id.1.1fff`, `wordpress_logged_in_5f3c…`).
 */
const serial = /^(?:\d+|(?=[a-f]*\d)[0-9a-f]{4,64})$/;

/** The kinds that a key name announces. */
export interface Announcement {
  /** Candidates, most specific first. */
  readonly kinds: readonly IdentifierKind[];
  /** The name was preceded by unknown words, which makes it less certain. */
  readonly loose: boolean;
}

/** A name seen before. */
interface Known {
  /** Its announcement without the name of a parent. */
  readonly alone: Announcement | null;
  readonly dependsOnPath: boolean;
}

/** Splits a key into lower-case words at `_`, `-`, `.`, other signs and camelCase humps. */
export function wordsOf(key: string): string[] {
  return key
    .replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** Resolves key names to kinds. Looking up a name seen before takes one Map access; the cache is bounded. */
export class KeyNames {
  readonly #exact: KindsByName;
  readonly #afterAnyWords: KindsByName;
  readonly #seen = new Map<string, Known>();

  constructor(catalogue: readonly IdentifierKind[]) {
    const alone = catalogue.filter(({ company }) => company === undefined);
    this.#exact = kindsByName(alone);
    this.#afterAnyWords = kindsByName(alone, (key) => key.startsWith('*_'));
  }

  /** All names, in lower case and without separators. */
  names(): Iterable<string> {
    return this.#exact.keys();
  }

  /** The kinds that `key` announces. With `path`, names such as `id` are read together with the name of their parent. */
  announced(key: string, path = ''): Announcement | null {
    if (key.length > longestKey) return null;
    const known = this.#seen.get(key) ?? this.#keep(key, leafNames.has(key.toLowerCase()) || versionHeader.test(key));
    return known.dependsOnPath ? this.#byPath(key, path, known.alone) : known.alone;
  }

  #byPath(key: string, path: string, alone: Announcement | null): Announcement | null {
    if (versionHeader.test(key)) return path.startsWith('http.request.header.') ? alone : null;
    const name = withParent(key, path);
    if (name === key) return alone;
    return name.length > 2 * longestKey ? null : (this.#seen.get(name) ?? this.#keep(name, false)).alone;
  }

  #keep(name: string, dependsOnPath: boolean): Known {
    if (this.#seen.size >= cacheLimit) this.#seen.clear();
    const known = { alone: this.#resolve(name), dependsOnPath };
    this.#seen.set(keptText(name), known);
    return known;
  }

  #resolve(name: string): Announcement | null {
    if (otherHeaders.has(name.toLowerCase())) return null;
    const words = wordsOf(name);
    while (words.length > 1 && serial.test(words.at(-1)!)) words.pop();
    words[0] = words[0]?.replace(/^(aspsessionid)[a-z]{8}$/, '$1') ?? '';
    if (words.some((word) => otherwise.has(word))) return null;
    let loose = false;
    for (let first = 0; first < words.length; first++) {
      const rest = words.slice(first).join('');
      const kinds = (loose ? this.#afterAnyWords : this.#exact).get(rest) ?? this.#afterAnyWords.get(rest) ?? this.#numbered(rest);
      if (kinds !== undefined) return { kinds, loose };
      if (!qualifiers.has(words[first]!)) loose = true;
    }
    return null;
  }

  /** `imei2`, `uid1`: the name of one of several. */
  #numbered(name: string): readonly IdentifierKind[] | undefined {
    const bare = name.replace(/[12]$/, '');
    return bare === name ? undefined : this.#exact.get(bare);
  }
}

/** `id` at `http.request.body.json.room.id` becomes `room.id`; list indices are skipped, and `rooms` is read as `room`. */
function withParent(key: string, path: string): string {
  if (!path.endsWith(key)) return key;
  const segments = path.slice(0, -key.length).split('.').filter((segment) => segment !== '' && !/^(?:\*|\[?\d+\]?)$/.test(segment));
  const parent = segments.at(-1)?.replace(/\[\d*\]$/, '');
  if (parent === undefined || structure.has(parent)) return key;
  return `${parent.replace(/(?<=[^s])s$/, '')}.${key}`;
}
