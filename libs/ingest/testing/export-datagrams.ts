/** Datagrams of flow exports, written independently of the decoders. */

export const exportSeconds = 1_700_000_000;

export function u8(...values: number[]): Buffer {
  return Buffer.from(values);
}

export function u16(...values: number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

export function u32(...values: number[]): Buffer {
  return Buffer.concat(values.map((value) => u16(Math.floor(value / 65_536), value % 65_536)));
}

export function ip(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

export function set(id: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u16(id, body.length + 4), body]);
}

/** A template of pairs of element and length. */
export function template(id: number, ...fields: [element: number, length: number][]): Buffer {
  return u16(id, fields.length, ...fields.flat());
}

export function ipfix(sequence: number, domain: number, ...sets: Buffer[]): Buffer {
  const body = Buffer.concat(sets);
  return Buffer.concat([u16(10, body.length + 16), u32(exportSeconds, sequence, domain), body]);
}

/** Up for 1000 s at export. */
export function netflow9(sequence: number, sourceId: number, ...sets: Buffer[]): Buffer {
  return Buffer.concat([u16(9, sets.length), u32(1_000_000, exportSeconds, sequence, sourceId), ...sets]);
}

export interface V5Record {
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number;
  packets: number;
  bytes: number;
  flags?: number;
  protocol?: number;
}

export function netflow5(sequence: number, sampling: number, records: readonly V5Record[]): Buffer {
  return Buffer.concat([
    u16(5, records.length), u32(1_000_000, exportSeconds, 500_000, sequence), u8(0, 0), u16(sampling),
    ...records.map(({ source, destination, sourcePort, destinationPort, packets, bytes, flags = 0, protocol = 6 }) => Buffer.concat([
      ip(source), ip(destination), u32(0), u16(0, 0), u32(packets, bytes, 998_000, 999_000), u16(sourcePort, destinationPort),
      u8(0, flags, protocol, 0), u16(0, 0), u8(0, 0), u16(0),
    ])),
  ]);
}

/** A flow sample with the first bytes of a frame, of Ethernet where nothing else is said. */
export function sflow(sequence: number, rate: number, frame: Buffer, frameLength = frame.length, headerProtocol = 1): Buffer {
  return sflowSamples(sequence, [1, sflowSample(sequence, rate, [rawHeader(frame, frameLength, headerProtocol)])]);
}

/** Samples with their kinds, of one agent. */
export function sflowSamples(sequence: number, ...samples: [kind: number, sample: Buffer][]): Buffer {
  return Buffer.concat([
    u32(5, 1), ip('192.0.2.1'), u32(0, sequence, 1000, samples.length), ...samples.flatMap(([kind, sample]) => [u32(kind, sample.length), sample]),
  ]);
}

/** `flow_sample`, or with `isExpanded` the one that has the types of its interfaces beside their numbers. */
export function sflowSample(sequence: number, rate: number, records: readonly Buffer[], drops = 0, isExpanded = false): Buffer {
  const source = isExpanded ? u32(0, 1) : u32(1);
  const interfaces = isExpanded ? u32(0, 1, 0, 2) : u32(1, 2);
  return Buffer.concat([u32(sequence), source, u32(rate, rate * sequence, drops), interfaces, u32(records.length), ...records]);
}

export function sflowRecord(format: number, body: Buffer): Buffer {
  return Buffer.concat([u32(format, body.length), body]);
}

export function rawHeader(frame: Buffer, frameLength = frame.length, headerProtocol = 1): Buffer {
  return sflowRecord(1, Buffer.concat([u32(headerProtocol, frameLength, 4, frame.length), frame, Buffer.alloc((4 - frame.length % 4) % 4)]));
}
