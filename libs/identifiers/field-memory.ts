import type { Field } from '#dissect';
import { isAuthorizationKey } from './authorization.ts';
import { catalogue } from './catalogue.ts';
import { hostFields } from './host-labels.ts';
import { keptText } from './kept-text.ts';
import { wordsOf, type Announcement, type KeyNames } from './key-names.ts';
import type { IdentifierKind } from './kind.ts';
import { kindsByName } from './kinds-by-name.ts';
import { axisOf, isPairKey, type Axis } from './position.ts';
import type { Finding } from './reading.ts';

/** Bounds of one generation of the memory, of which there are two; longer values are not remembered. */
const mostFields = 4096;
const mostValues = 8192;
const longestValue = 256;

interface Remembered {
  readonly encoding: string;
  readonly findings: readonly Finding[];
}

const nothing: ReadonlyMap<string, Remembered> = new Map();

function kept(finding: Finding): Finding {
  return { ...finding, value: keptText(finding.value), path: keptText(finding.path), written: keptText(finding.written) };
}

/** Kinds whose key names count only in context. */
const inCompany = kindsByName(catalogue.filter(({ company }) => company !== undefined));

/** Properties of a field that depend only on its path and key, and the findings in its recent values. */
export class KnownField {
  readonly key: string;
  readonly announcement: Announcement | null;
  readonly isAuthorization: boolean;
  readonly isHost: boolean;
  readonly axis: Axis | null;
  /** It may be a list of longitude and latitude. */
  readonly isPair: boolean;
  /** Kinds that its key announces only in context. */
  readonly inCompany: readonly IdentifierKind[];
  /** Contains the name of a parameter, or the value of one. */
  readonly role: 'name' | 'value' | null;
  /** The key itself contains no identifier. */
  isKeyPlain = false;
  /** Of the current generation and of the previous one. */
  #values = new Map<string, Remembered>();
  #older: ReadonlyMap<string, Remembered> = nothing;
  #generation: number;

  constructor({ key, path }: Field, keyNames: KeyNames, generation: number) {
    this.#generation = generation;
    this.key = keptText(key);
    this.announcement = keyNames.announced(key, path);
    this.isAuthorization = isAuthorizationKey(key);
    this.isHost = hostFields.has(path);
    this.axis = axisOf(key);
    this.isPair = isPairKey(key);
    this.inCompany = inCompany.get(wordsOf(key).join('')) ?? [];
    this.role = /^(?:name|key|n|k)$/i.test(key) ? 'name' : /^(?:value|val|v)$/i.test(key) ? 'value' : null;
  }

  /** Drops values not seen since the start of the generation before `generation`. */
  age(generation: number): void {
    if (generation === this.#generation) return;
    this.#older = generation === this.#generation + 1 ? this.#values : nothing;
    this.#values = new Map();
    this.#generation = generation;
  }

  /** Number of values seen in its generation. */
  get size(): number {
    return this.#values.size;
  }

  /** The findings in `text`; undefined if it is not remembered. */
  recall(text: string): Remembered | undefined {
    const known = this.#values.get(text);
    if (known !== undefined) return known;
    const older = this.#older.get(text);
    if (older !== undefined) this.#values.set(keptText(text), older);
    return older;
  }

  remember(text: string, remembered: Remembered): void {
    this.#values.set(text, remembered);
  }
}

/**
 * Recent fields by their paths: most requests of a client repeat the names, and many the values, of the one before. Entries are kept for the
 * generation in which they were last seen and the one after. A new generation begins when one is full, and drops whatever was not seen in the last.
 * Since it holds raw values for that time, it is for the recogniser only.
 */
export class FieldMemory {
  readonly #keyNames: KeyNames;
  #fields = new Map<string, KnownField>();
  #olderFields: ReadonlyMap<string, KnownField> = new Map();
  #generation = 0;
  /** Number of values seen in this generation. */
  #values = 0;

  constructor(keyNames: KeyNames) {
    this.#keyNames = keyNames;
  }

  of(field: Field): KnownField {
    let known = this.#fields.get(field.path);
    if (known?.key === field.key) return known;
    if (this.#fields.size >= mostFields) this.#begin();
    known = this.#olderFields.get(field.path);
    if (known?.key !== field.key) known = new KnownField(field, this.#keyNames, this.#generation);
    known.age(this.#generation);
    this.#fields.set(keptText(field.path), known);
    return known;
  }

  /** The findings in `text` as a value of that field; null if it is not remembered. */
  recall(known: KnownField, text: string, encoding: string): readonly Finding[] | null {
    const before = known.size;
    const remembered = known.recall(text);
    this.#values += known.size - before;
    return remembered === undefined || (remembered.findings.length > 0 && remembered.encoding !== encoding) ? null : remembered.findings;
  }

  remember(known: KnownField, text: string, encoding: string, findings: readonly Finding[]): void {
    if (text.length > longestValue) return;
    if (this.#values >= mostValues) this.#begin();
    known.age(this.#generation);
    const before = known.size;
    known.remember(keptText(text), { encoding: keptText(encoding), findings: findings.map(kept) });
    this.#values += known.size - before;
  }

  #begin(): void {
    this.#olderFields = this.#fields;
    this.#fields = new Map();
    this.#generation++;
    this.#values = 0;
  }
}
