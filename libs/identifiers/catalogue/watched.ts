import type { IdentifierKind } from '../kind.ts';

/** A value on a company's watchlist that is listed without a kind. */
export const watchedValue: IdentifierKind = {
  name: 'watched_value',
  dataClass: 'account',
  // Not by key name: the value itself is known. See watch-scanner.ts.
  keys: [],
  validate: (value) => value.length >= 4,
  confidence: 90,
  traps: ['A common word on a list is found wherever it occurs.'],
  source: 'the company\'s own list (telltale watchlist)',
  examples: { match: [], noMatch: ['any text, as long as no list is loaded', ['value', 'harbour-7']] },
};
