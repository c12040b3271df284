import type { Field } from '#dissect';
import { isAuthorizationKey } from './authorization.ts';
import { catalogue } from './catalogue.ts';
import { hostFields } from './host-labels.ts';
import { wordsOf, type Announcement, type KeyNames } from './key-names.ts';
import type { IdentifierKind } from './kind.ts';
import { axisOf, isPairKey, type Axis } from './position.ts';
import type { Finding } from './reading.ts';

/** Bounds of the memory, which is emptied where one bites; longer values are not remembered. */
const mostFields = 2048;
const mostValues = 8192;
const longestValue = 256;

interface Remembered {
  readonly encoding: string;
  readonly findings: readonly Finding[];
}

/** Kinds that a key announces in company, by the key's words. */
const inCompany = new Map<string, IdentifierKind[]>();
for (const kind of catalogue) {
  if (kind.company === undefined) continue;
  for (const key of kind.keys) {
    const name = key.replaceAll('_', '');
    inCompany.set(name, [...(inCompany.get(name) ?? []), kind]);
  }
}

/** What is known of a field by its path and key alone, and what was found in its latest values. */
export class KnownField {
  readonly key: string;
  readonly announcement: Announcement | null;
  readonly isAuthorization: boolean;
  readonly isHost: boolean;
  readonly axis: Axis | null;
  /** May be a list of longitude and latitude. */
  readonly isPair: boolean;
  /** Kinds that its key announces in company. */
  readonly inCompany: readonly IdentifierKind[];
  /** Names a parameter, or is the value of one. */
  readonly role: 'name' | 'value' | null;
  /** No identifier stands in the key itself. */
  isKeyPlain = false;
  readonly #values = new Map<string, Remembered>();

  constructor({ key, path }: Field, keyNames: KeyNames) {
    this.key = key;
    this.announcement = keyNames.announced(key, path);
    this.isAuthorization = isAuthorizationKey(key);
    this.isHost = hostFields.has(path);
    this.axis = axisOf(key);
    this.isPair = isPairKey(key);
    this.inCompany = inCompany.get(wordsOf(key).join('')) ?? [];
    this.role = /^(?:name|key|n|k)$/i.test(key) ? 'name' : /^(?:value|val|v)$/i.test(key) ? 'value' : null;
  }

  /** What was found when `text` was read; null when that is not known. */
  recall(text: string, encoding: string): readonly Finding[] | null {
    const known = this.#values.get(text);
    return known === undefined || (known.findings.length > 0 && known.encoding !== encoding) ? null : known.findings;
  }

  /** Returns whether there is one more to remember. */
  remember(text: string, encoding: string, findings: readonly Finding[]): boolean {
    const before = this.#values.size;
    this.#values.set(text, { encoding, findings });
    return this.#values.size > before;
  }
}

/**
 * The fields of late, by their paths: most requests of a client repeat the names, and many the values, of the one before. Raw values stay in it until
 * it is full; it is for the recogniser alone.
 */
export class FieldMemory {
  readonly #keyNames: KeyNames;
  readonly #fields = new Map<string, KnownField>();
  #values = 0;

  constructor(keyNames: KeyNames) {
    this.#keyNames = keyNames;
  }

  of(field: Field): KnownField {
    const known = this.#fields.get(field.path);
    if (known?.key === field.key) return known;
    if (this.#fields.size >= mostFields) this.#forget();
    const made = new KnownField(field, this.#keyNames);
    this.#fields.set(field.path, made);
    return made;
  }

  remember(known: KnownField, text: string, encoding: string, findings: readonly Finding[]): void {
    if (text.length > longestValue) return;
    if (this.#values >= mostValues) this.#forget();
    if (known.remember(text, encoding, findings)) this.#values++;
  }

  #forget(): void {
    this.#fields.clear();
    this.#values = 0;
  }
}
