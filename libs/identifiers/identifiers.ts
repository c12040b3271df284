export { catalogue } from './catalogue.ts';
export { RecogniserCounters } from './counters.ts';
export { type DataClass, type Example, type IdentifierKind, type Shape } from './kind.ts';
export { maskEmail, maskSecret, maskValue } from './mask.ts';
export { Recogniser, type Recognised, type RecogniserOptions } from './recogniser.ts';
export { defaultRecurrenceOptions, RecurrenceCounters, RecurringValues, type Inferred, type RecurrenceOptions, type UnknownFlow } from './recurrence/recurring-values.ts';
export type { SampledFlow } from './recurrence/sampled-flow.ts';
export { redact } from './redact.ts';
export { createTokeniser, type Tokeniser } from './token.ts';
