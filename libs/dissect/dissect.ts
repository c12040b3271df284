export { DissectCounters } from './counters.ts';
export { DatagramDissector, dissectDatagram, type DatagramContext } from './datagram.ts';
export { dissectIpPayload, isIpPayloadRead } from './ip-payload.ts';
export { createMessage, type Emit, type Encryption, type Field, type Message, type NameResolution, type Sender } from './message.ts';
export { defaultNameCacheOptions, NameCache, type NameCacheOptions } from './names.ts';
export { defaultDissectOptions, type DissectEnvironment, type DissectOptions } from './options.ts';
export { SctpDissector } from './sctp.ts';
export { StreamDissector } from './stream.ts';
