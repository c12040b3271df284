import type { IngestCounters } from './counters.ts';
import type { LogEntry } from './entry.ts';
import { ExportedFlow, type ExportOrigin } from './exported-flow.ts';
import { setElement, type TemplateField } from './netflow-elements.ts';
import { Templates, type Template, type TemplateOptions } from './netflow-templates.ts';
import { SequenceCheck } from './sequence-check.ts';

/** The differences between NetFlow v9 (RFC 3954) and IPFIX (RFC 7011). */
interface Version {
  readonly source: 'netflow-v9' | 'ipfix';
  readonly number: number;
  readonly headerBytes: number;
  readonly templateSet: number;
  readonly optionsSet: number;
  readonly optionsHead: ReadHead;
}

/** What precedes a template's fields: how many there are, how many of the first ones are its scope, and where they begin. */
interface TemplateHead {
  readonly fieldCount: number;
  readonly scopeFields: number;
  readonly end: number;
}

/** Reads the head at `at`, where there are at least four bytes; null when it is truncated. */
type ReadHead = (body: Buffer, at: number) => TemplateHead | null;

const templateHead: ReadHead = (body, at) => ({ fieldCount: body.readUInt16BE(at + 2), scopeFields: 0, end: at + 4 });

/** It has the lengths of scope and options in bytes, four for each field (RFC 3954, section 6.1). */
const v9OptionsHead: ReadHead = (body, at) => {
  if (at + 6 > body.length) return null;
  const scopeBytes = body.readUInt16BE(at + 2);
  return { fieldCount: (scopeBytes + body.readUInt16BE(at + 4)) / 4, scopeFields: Math.max(1, scopeBytes / 4), end: at + 6 };
};

/** It has the number of all fields, and that of scope fields (RFC 7011, section 3.4.2.2). */
const ipfixOptionsHead: ReadHead = (body, at) =>
  at + 6 > body.length ? null : { fieldCount: body.readUInt16BE(at + 2), scopeFields: Math.max(1, body.readUInt16BE(at + 4)), end: at + 6 };

const v9: Version = { source: 'netflow-v9', number: 9, headerBytes: 20, templateSet: 0, optionsSet: 1, optionsHead: v9OptionsHead };
const ipfix: Version = { source: 'ipfix', number: 10, headerBytes: 16, templateSet: 2, optionsSet: 3, optionsHead: ipfixOptionsHead };

const firstDataSet = 256;
const variableLength = 65_535;
/** Most fields of a template; real ones have a few dozen. */
const maxFields = 512;

/** Length of the datagram at the start of `bytes`; 0 when it is neither NetFlow v9 nor IPFIX. */
export function setsLength(bytes: Buffer): number {
  const version = versionOf(bytes);
  if (version === null) return 0;
  if (version === ipfix) {
    const length = bytes.readUInt16BE(2);
    return length >= ipfix.headerBytes ? length : 0;
  }
  // v9 gives a count of records, not bytes: sets follow until something else does.
  let end = v9.headerBytes;
  while (end + 4 <= bytes.length) {
    const id = bytes.readUInt16BE(end);
    const length = bytes.readUInt16BE(end + 2);
    if (length < 4 || (id > 1 && id < firstDataSet)) break;
    end += length;
  }
  return end > v9.headerBytes ? Math.min(end, bytes.length) : 0;
}

function versionOf(bytes: Buffer): Version | null {
  if (bytes.length < ipfix.headerBytes) return null;
  const number = bytes.readUInt16BE(0);
  if (number === ipfix.number) return ipfix;
  return number === v9.number && bytes.length >= v9.headerBytes ? v9 : null;
}

/** NetFlow v9 and IPFIX: sets of records whose layout is given by templates. */
export class NetflowSets {
  readonly templates: Templates;
  readonly #counters: IngestCounters;
  readonly #emit: (entry: LogEntry) => void;
  readonly #sequences: Record<Version['source'], SequenceCheck>;

  constructor(options: Partial<TemplateOptions>, counters: IngestCounters, emit: (entry: LogEntry) => void) {
    this.#counters = counters;
    this.#emit = emit;
    this.templates = new Templates(options, counters);
    this.#sequences = { 'netflow-v9': new SequenceCheck('netflow-v9', counters), ipfix: new SequenceCheck('ipfix', counters) };
  }

  datagram(bytes: Buffer, exporter: string): void {
    const version = versionOf(bytes)!;
    const header = bytes.subarray(0, version.headerBytes);
    const micros = header.readUInt32BE(version === v9 ? 8 : 4) * 1_000_000;
    const origin: ExportOrigin = {
      source: version.source, exporter, header, micros, bootMicros: version === v9 ? micros - header.readUInt32BE(4) * 1000 : NaN,
    };
    const domain = `${exporter} ${version.number} ${header.readUInt32BE(version.headerBytes - 4)}`;
    const datagram = new Datagram({ version, origin, domain, templates: this.templates, counters: this.#counters, emit: this.#emit });
    datagram.sets(bytes.subarray(version.headerBytes));
    // v9 numbers datagrams; IPFIX numbers data records, whose count is unknown while a template is missing.
    this.#sequences[version.source].check(domain, header.readUInt32BE(version.headerBytes - 8), version === v9 ? 1 : datagram.dataRecords);
  }
}

interface DatagramContext {
  readonly version: Version;
  readonly origin: ExportOrigin;
  /** Exporter, version and observation domain: the scope of templates and sampling rates. */
  readonly domain: string;
  readonly templates: Templates;
  readonly counters: IngestCounters;
  readonly emit: (entry: LogEntry) => void;
}

/** The sets of one datagram. */
class Datagram {
  /** Data records of flows and options; NaN when some could not be counted. */
  dataRecords = 0;
  #index = 0;
  readonly #context: DatagramContext;

  constructor(context: DatagramContext) {
    this.#context = context;
  }

  sets(bytes: Buffer): void {
    for (let at = 0; at + 4 <= bytes.length;) {
      const id = bytes.readUInt16BE(at);
      const length = bytes.readUInt16BE(at + 2);
      if (length < 4 || at + length > bytes.length) {
        this.#count('malformed set');
        this.dataRecords = NaN;
        return;
      }
      this.#set(id, bytes.subarray(at + 4, at + length));
      at += length;
    }
  }

  #set(id: number, body: Buffer): void {
    const { version } = this.#context;
    if (id === version.templateSet) this.#readTemplates(body, templateHead);
    else if (id === version.optionsSet) this.#readTemplates(body, version.optionsHead);
    else if (id < firstDataSet) this.#count('set of a reserved kind');
    else this.#data(id, body);
  }

  #data(id: number, body: Buffer): void {
    const { templates, domain, origin } = this.#context;
    const template = templates.get(domain, id);
    if (template === undefined) {
      this.dataRecords = NaN;
      templates.wait(domain, id, { origin, records: body });
    } else {
      this.dataRecords += this.#records(template, body, origin);
    }
  }

  #readTemplates(body: Buffer, readHead: ReadHead): void {
    // Fewer than four remaining bytes are padding.
    for (let at = 0; at + 4 <= body.length;) {
      const read = this.#readTemplate(body, at, readHead);
      if (read === 0) return;
      at += read;
    }
  }

  /** Returns the length of the template in bytes; 0 when nothing after it can be read. */
  #readTemplate(body: Buffer, start: number, readHead: ReadHead): number {
    const { version, domain, templates } = this.#context;
    const id = body.readUInt16BE(start);
    const isWithdrawn = version === ipfix && body.readUInt16BE(start + 2) === 0;
    if (id < firstDataSet) return id === 0 || isWithdrawn ? 0 : this.#malformedTemplate();
    if (isWithdrawn) {
      templates.forget(domain, id);
      return 4;
    }
    const head = readHead(body, start);
    if (head === null || head.fieldCount > maxFields || !Number.isInteger(head.fieldCount)) return this.#malformedTemplate();
    const fields: TemplateField[] = [];
    let recordBytes = 0;
    let at = head.end;
    for (let index = 0; index < head.fieldCount; index++) {
      const hasEnterprise = version === ipfix && at < body.length && body[at]! >= 0x80;
      if (at + (hasEnterprise ? 8 : 4) > body.length) return this.#malformedTemplate();
      const element = body.readUInt16BE(at);
      const length = body.readUInt16BE(at + 2);
      fields.push({ element: hasEnterprise ? element & 0x7fff : element, enterprise: hasEnterprise ? body.readUInt32BE(at + 4) : 0, length });
      recordBytes += length === variableLength ? 1 : length;
      at += hasEnterprise ? 8 : 4;
    }
    if (recordBytes === 0) return at - start;
    const template: Template = { fields, scopeFields: head.scopeFields, recordBytes };
    for (const { origin, records } of templates.learn(domain, id, template)) this.#records(template, records, origin);
    return at - start;
  }

  #malformedTemplate(): 0 {
    this.#count('malformed template');
    return 0;
  }

  #count(reason: string): void {
    this.#context.counters.add(this.#context.origin.source, reason);
  }

  /** Reads the records of a data set; a remainder shorter than a record is padding. Returns how many there were. */
  #records(template: Template, body: Buffer, origin: ExportOrigin): number {
    let count = 0;
    for (let at = 0; at + template.recordBytes <= body.length;) {
      const flow = new ExportedFlow();
      const end = readRecord(flow, body, at, template, origin);
      if (end < 0) {
        this.#context.counters.add(origin.source, 'malformed record');
        break;
      }
      count++;
      if (template.scopeFields > 0) this.#learnOptions(flow);
      else this.#flow(flow, body.subarray(at, end), origin);
      at = end;
    }
    return count;
  }

  #learnOptions({ statedSamplingRate, samplerId }: ExportedFlow): void {
    if (statedSamplingRate > 0) this.#context.templates.learnRate(this.#context.domain, samplerId, statedSamplingRate);
  }

  #flow(flow: ExportedFlow, record: Buffer, origin: ExportOrigin): void {
    const { templates, domain, counters, emit } = this.#context;
    flow.samplingRate = flow.statedSamplingRate || templates.rate(domain, flow.samplerId);
    const entry = flow.toEntry(origin, record, this.#index++);
    if (entry === null) counters.add(origin.source, 'records without addresses');
    else emit(entry);
  }
}

/** Fills `flow` from the record at `at`. Returns where that ends; -1 when it exceeds its set. */
function readRecord(flow: ExportedFlow, body: Buffer, at: number, { fields }: Template, origin: ExportOrigin): number {
  for (const field of fields) {
    let { length } = field;
    if (length === variableLength && origin.source === 'ipfix') {
      if (at >= body.length) return -1;
      length = body[at++]!;
      if (length === 255) {
        if (at + 2 > body.length) return -1;
        length = body.readUInt16BE(at);
        at += 2;
      }
    }
    if (at + length > body.length) return -1;
    setElement(flow, field, body.subarray(at, at + length), origin);
    at += length;
  }
  return at;
}
