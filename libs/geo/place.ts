import type { AddressScope } from './special-ranges.ts';

/** The questions about an address, each with its own sources. */
export const dimensions = ['located', 'registered', 'operated'] as const;
export type Dimension = (typeof dimensions)[number];

/** One source's answer to one question. */
export interface Claim {
  readonly dimension: Dimension;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** The table that says so, with its date: `geo-whois-asn-country 2026-06-17`. */
  readonly source: string;
  /** The source's own confidence (`documented`, `inferred`, `unchecked`); `''` where it gives none. */
  readonly confidence: string;
}

/** How the sources of an answer compare: all agree, only one answers, or they differ; `''`: none answers. */
export type Agreement = '' | 'agreed' | 'single' | 'disputed';

/** Why an address is not located anywhere; `''`: it is. */
export type Unlocated = '' | 'local' | 'reserved' | 'anycast' | 'not in the tables';

/** What the tables say about an address. Each dimension has its own sources; `''` and 0 are "unknown". */
export interface Place {
  readonly scope: AddressScope;
  /** Country in which the address is located (ISO 3166-1 alpha-2), from the first table that knows it. */
  readonly located: string;
  readonly unlocated: Unlocated;
  /** Whether the location tables agree. Nothing is averaged: the first one answers, and countries that others name are in {@link disputed}. */
  readonly agreement: Agreement;
  /** Other countries that location tables name. */
  readonly disputed: readonly string[];
  /** Country under which a registry lists the address, from the first table that knows it. */
  readonly registered: string;
  /** Other countries that tables of registration name. */
  readonly registeredDisputed: readonly string[];
  /** Country from which the operator of the network is controlled. */
  readonly operated: string;
  /** Its name in the operator table. */
  readonly operator: string;
  readonly asn: number;
  /** Name of the autonomous system. */
  readonly organisation: string;
  /** The anycast prefix that holds the address, or `isAnycast` where a table marks it; `''`: not known to be anycast. */
  readonly anycast: string;
  readonly claims: readonly Claim[];
  /** The claims as text, in the form that records carry: `located=US by geo-whois-asn-country 2026-06-17`. */
  readonly sources: readonly string[];
}

const none: readonly never[] = Object.freeze([]);

/** The place of an address that the tables must not be asked about. */
export function placeless(scope: 'local' | 'reserved'): Place {
  return {
    scope, located: '', unlocated: scope, agreement: '', disputed: none, registered: '', registeredDisputed: none, operated: '', operator: '',
    asn: 0, organisation: '', anycast: '', claims: none, sources: none,
  };
}

export function agreementOf(claims: readonly Claim[], dimension: Dimension): Agreement {
  let first = '';
  let agreement: Agreement = '';
  for (const claim of claims) {
    if (claim.dimension !== dimension) continue;
    if (agreement === '') {
      first = claim.country;
      agreement = 'single';
    } else if (claim.country !== first) return 'disputed';
    else agreement = 'agreed';
  }
  return agreement;
}

function claimText({ dimension, country, source, confidence }: Claim): string {
  return `${dimension}=${country} by ${source}${confidence === '' ? '' : `, ${confidence}`}`;
}

export interface PlaceFacts {
  claims: readonly Claim[];
  operator: string;
  asn: number;
  organisation: string;
  anycast: string;
}

/** Combines the claims of the tables. An anycast address is in many places at once, so that no table can locate it. */
export function placeOf({ claims, operator, asn, organisation, anycast }: PlaceFacts): Place {
  const first = (dimension: Dimension): string => claims.find((claim) => claim.dimension === dimension)?.country ?? '';
  const located = anycast === '' ? first('located') : '';
  const registered = first('registered');
  const others = (dimension: Dimension, answer: string): readonly string[] => {
    const countries = claims.filter((claim) => claim.dimension === dimension && claim.country !== answer).map(({ country }) => country);
    return answer === '' || countries.length === 0 ? none : [...new Set(countries)];
  };
  return {
    scope: 'global',
    located,
    unlocated: anycast !== '' ? 'anycast' : located === '' ? 'not in the tables' : '',
    agreement: anycast === '' ? agreementOf(claims, 'located') : '',
    disputed: others('located', located),
    registered,
    registeredDisputed: others('registered', registered),
    operated: first('operated'),
    operator, asn, organisation, anycast, claims,
    sources: Object.freeze(claims.map(claimText)),
  };
}
