import type { FlowRecord } from '#flow';

/** The kinds of fingerprints of a peer's software that a record may carry, by their keys in the catalogue. */
export const fingerprintKinds = ['protocol', 'alpn', 'ja4', 'stun_realm', 'stun_software', 'user_agent'] as const;
export type FingerprintKind = (typeof fingerprintKinds)[number];

/**
 * Looks up fingerprints. They identify the software, which says less than who runs the peer, so that names and ranges come first. An exact
 * fingerprint takes one look-up; realms match like domains, and patterns with `*` are tried in turn.
 */
export class FingerprintTable<T> {
  readonly #exact = new Map<string, T>();
  readonly #patterns: { kind: 'stun_software' | 'user_agent'; pattern: RegExp; value: T }[] = [];

  /** Returns false when the same fingerprint is there already. */
  add(kind: FingerprintKind, text: string, value: T): boolean {
    const key = `${kind} ${text}`;
    if (this.#exact.has(key)) return false;
    this.#exact.set(key, value);
    if ((kind === 'stun_software' || kind === 'user_agent') && text.includes('*'))
      this.#patterns.push({ kind, pattern: wildcardPattern(text), value });
    return true;
  }

  values(): Iterable<T> {
    return this.#exact.values();
  }

  find(record: FlowRecord): T | undefined {
    const realm = record['telltale.stun.realm'];
    return this.#exact.get(`protocol ${record['network.protocol']}`)
      ?? (realm === '' ? undefined : this.#ofRealm(realm.toLowerCase()))
      ?? this.#ofText('stun_software', record['telltale.stun.software'])
      ?? this.#ofText('user_agent', record['user_agent.original'])
      ?? this.#ofTls(record);
  }

  #ofRealm(realm: string): T | undefined {
    for (let suffix = realm; suffix !== ''; suffix = suffix.includes('.') ? suffix.slice(suffix.indexOf('.') + 1) : '') {
      const value = this.#exact.get(`stun_realm ${suffix}`);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #ofText(kind: 'stun_software' | 'user_agent', text: string): T | undefined {
    if (text === '') return undefined;
    return this.#exact.get(`${kind} ${text}`) ?? this.#patterns.find((one) => one.kind === kind && one.pattern.test(text))?.value;
  }

  #ofTls(record: FlowRecord): T | undefined {
    const ja4 = record['telltale.tls.ja4'];
    const byJa4 = ja4 === '' ? undefined : this.#exact.get(`ja4 ${ja4}`);
    if (byJa4 !== undefined) return byJa4;
    for (const name of record['telltale.tls.alpn']) {
      const value = this.#exact.get(`alpn ${name}`);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

/** A text in which `*` stands for any characters, as a regular expression that matches the whole value. */
export function wildcardPattern(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's');
}
