import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import avro from 'avsc';
import { Packr } from 'msgpackr';
import protobuf from 'protobufjs';
import { createFlowRecord, flowFields, type FlowField, type FlowRecord } from '#flow';
import { decodeBatch, encodeBatch } from '#wire';

/** A codec under test: encodes a batch of records, and decodes it to whole records. */
export interface Candidate {
  readonly name: string;
  encode(records: readonly FlowRecord[]): Buffer;
  decode(bytes: Buffer): FlowRecord[];
}

const probeFields = (Object.keys(flowFields) as FlowField[]).filter((name) => flowFields[name].by === 'probe');
const nameOf = (field: string): string => field.replace(/[^a-z]/g, '_');
const observableProperties = ['kind', 'path', 'encoding', 'visibility', 'confidence', 'mask', 'token', 'sender', 'frame'] as const;
const integerProperties: readonly string[] = ['confidence', 'frame'];

// The adapter code that a library needs is generated too, so that no candidate pays for slow property access.
const quoted = (field: string): string => `record[${JSON.stringify(field)}]`;
const forEachField = (statement: (field: FlowField) => string): string => probeFields.map(statement).join('\n');
const compile = <F>(parameters: string[], body: string): F => new Function(...parameters, body) as F; // oxlint-disable-line no-new-func

function isSet(field: FlowField): string {
  switch (flowFields[field].type) {
    case 'string': return `${quoted(field)} !== ''`;
    case 'count':
    case 'micros': return `${quoted(field)} !== 0`;
    default: return `${quoted(field)}.length > 0`;
  }
}

type Convert = (record: FlowRecord) => Record<string, unknown>;
type Fill = (record: FlowRecord, row: Record<string, unknown>) => FlowRecord;

/** Zero values are left out, as anybody would when writing records as JSON. */
export const sparse = compile<Convert>(['record'], `
  const kept = {};
  ${forEachField((field) => `if (${isSet(field)}) kept[${JSON.stringify(field)}] = ${quoted(field)};`)}
  return kept;`);

/** Avro and Protocol Buffers allow no dots in names. */
const renamed = compile<Convert>(['record'], `return { ${forEachField((field) => `${nameOf(field)}: ${quoted(field)},`)} };`);

const sparseRenamed = compile<Convert>(['record'], `
  const kept = {};
  ${forEachField((field) => `if (${isSet(field)}) kept.${nameOf(field)} = ${quoted(field)};`)}
  return kept;`);

const fill = compile<Fill>(['record', 'row'], `
  ${forEachField((field) => `${quoted(field)} = row.${nameOf(field)};`)}
  return record;`);
const restored = (row: Record<string, unknown>): FlowRecord => fill(createFlowRecord(), row);

const json: Candidate = {
  name: 'json',
  encode: (records) => Buffer.from(JSON.stringify(records.map(sparse))),
  decode: (bytes) => (JSON.parse(bytes.toString()) as Partial<FlowRecord>[]).map((found) => Object.assign(createFlowRecord(), found)),
};

function avroCandidate(): Candidate {
  const avroTypes = { string: 'string', strings: { type: 'array', items: 'string' }, count: 'long', micros: 'long' } as const;
  const observable = {
    type: 'record', name: 'Observable',
    fields: observableProperties.map((name) => ({ name, type: integerProperties.includes(name) ? 'long' : 'string' })),
  };
  const fields = probeFields.map((field) => {
    const { type } = flowFields[field];
    return { name: nameOf(field), type: type === 'observables' ? { type: 'array', items: observable } : avroTypes[type] };
  });
  const type = avro.Type.forSchema({ type: 'array', items: { type: 'record', name: 'FlowRecord', fields } } as avro.Schema);
  return {
    name: 'avsc',
    encode: (records) => type.toBuffer(records.map(renamed)),
    decode: (bytes) => (type.fromBuffer(bytes) as Record<string, unknown>[]).map(restored),
  };
}

function msgpackrCandidate(): Candidate {
  const packr = new Packr({ useRecords: true, bundleStrings: true });
  return {
    name: 'msgpackr',
    encode: (records) => packr.pack(records.map(sparse)),
    decode: (bytes) => (packr.unpack(bytes) as Partial<FlowRecord>[]).map((found) => Object.assign(createFlowRecord(), found)),
  };
}

function protobufCandidate(): Candidate {
  const types = { string: 'string', strings: 'string', count: 'double', micros: 'double', observables: 'Observable' } as const;
  const observable = new protobuf.Type('Observable');
  observableProperties.forEach((name, i) => {
    observable.add(new protobuf.Field(name, i + 1, integerProperties.includes(name) ? 'uint32' : 'string'));
  });
  const record = new protobuf.Type('FlowRecord').add(observable);
  probeFields.forEach((field, i) => {
    const { type } = flowFields[field];
    const rule = type === 'strings' || type === 'observables' ? 'repeated' : undefined;
    record.add(new protobuf.Field(nameOf(field), i + 1, types[type], rule));
  });
  const batch = new protobuf.Type('Batch').add(record).add(new protobuf.Field('records', 1, 'FlowRecord', 'repeated'));
  new protobuf.Root().add(batch);
  return {
    name: 'protobufjs',
    encode: (records) => Buffer.from(batch.encode({ records: records.map(sparseRenamed) } as unknown as protobuf.Message).finish()),
    decode: (bytes) => (batch.decode(bytes) as unknown as { records: Record<string, unknown>[] }).records.map(restored),
  };
}

/** The same codec with its bytes compressed as #wire does it. */
function compressed(candidate: Candidate): Candidate {
  const options = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
  return {
    name: `${candidate.name} + zstd`,
    encode: (records) => zstdCompressSync(candidate.encode(records), options),
    decode: (bytes) => candidate.decode(zstdDecompressSync(bytes)),
  };
}

const rowCodecs = [json, avroCandidate(), msgpackrCandidate(), protobufCandidate()];

export const candidates: readonly Candidate[] = [
  ...rowCodecs, ...rowCodecs.map(compressed),
  { name: '#wire', encode: encodeBatch, decode: (bytes) => decodeBatch(bytes) },
];
