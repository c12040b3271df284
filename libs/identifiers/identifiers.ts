export { catalogue } from './catalogue.ts';
export { dataClassOf, inferredKinds } from './data-class.ts';
export { RecogniserCounters } from './counters.ts';
export { type DataClass, type Example, type IdentifierKind, type Shape } from './kind.ts';
export { isMac, normaliseMac } from './mac.ts';
export { maskEmail, maskSecret, maskValue } from './mask.ts';
export type { Watch } from './reading.ts';
export { Recogniser, type RecogniserOptions } from './recogniser.ts';
export type { Inferred } from './recurrence/inferred.ts';
export {
  defaultRecurrenceOptions,
  RecurrenceCounters,
  RecurringValues,
  type RecurrenceOptions,
  type UnknownFlow,
} from './recurrence/recurring-values.ts';
export type { SampledFlow } from './recurrence/sampled-flow.ts';
export { redact } from './redact.ts';
export type { Recognised } from './report.ts';
export { findMatches } from './shape.ts';
export { createTokeniser, type Tokeniser } from './token.ts';
export { createWatchKey, type WatchKey } from './watch-key.ts';
export { WatchScanner } from './watch-scanner.ts';
export {
  mostWatched,
  parseWatchlist,
  serialiseWatchlist,
  watch,
  watchlistName,
  WatchlistError,
  type Watchlist,
  type WatchEntry,
} from './watchlist.ts';
