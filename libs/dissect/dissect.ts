export { DissectCounters } from './counters.ts';
export { createMessage, type Emit, type Encryption, type Field, type Message, type NameResolution, type Sender } from './message.ts';
export { defaultDissectOptions, type DissectOptions } from './options.ts';
