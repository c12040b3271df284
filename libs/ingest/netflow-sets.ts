import type { IngestCounters } from './counters.ts';
import type { LogEntry } from './entry.ts';
import { ExportedFlow, type ExportOrigin } from './exported-flow.ts';
import { setElement, type TemplateField } from './netflow-elements.ts';
import { Templates, type Template, type TemplateOptions } from './netflow-templates.ts';
import { SequenceCheck } from './netflow-v5.ts';

/** What NetFlow v9 (RFC 3954) and IPFIX (RFC 7011) do differently. */
interface Version {
  readonly source: 'netflow-v9' | 'ipfix';
  readonly number: number;
  readonly headerBytes: number;
  readonly templateSet: number;
  readonly optionsSet: number;
}

const v9: Version = { source: 'netflow-v9', number: 9, headerBytes: 20, templateSet: 0, optionsSet: 1 };
const ipfix: Version = { source: 'ipfix', number: 10, headerBytes: 16, templateSet: 2, optionsSet: 3 };

const firstDataSet = 256;
const variableLength = 65_535;
/** Fields of a template; real ones have some dozens. */
const maxFields = 512;

/** Length of the datagram at the start of `bytes`; 0 when it is none of NetFlow v9 or IPFIX. */
export function setsLength(bytes: Buffer): number {
  const version = versionOf(bytes);
  if (version === null) return 0;
  if (version === ipfix) {
    const length = bytes.readUInt16BE(2);
    return length >= ipfix.headerBytes ? length : 0;
  }
  // v9 counts records, not bytes: sets follow until something else stands there.
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

/** NetFlow v9 and IPFIX: sets of records whose form templates tell. */
export class NetflowSets {
  readonly #counters: IngestCounters;
  readonly templates: Templates;
  readonly #sequences: Record<Version['source'], SequenceCheck>;

  constructor(options: Partial<TemplateOptions>, counters: IngestCounters) {
    this.#counters = counters;
    this.templates = new Templates(options, counters);
    this.#sequences = { 'netflow-v9': new SequenceCheck('netflow-v9', counters), ipfix: new SequenceCheck('ipfix', counters) };
  }

  datagram(bytes: Buffer, exporter: string, emit: (entry: LogEntry) => void): void {
    const version = versionOf(bytes)!;
    const header = bytes.subarray(0, version.headerBytes);
    const micros = header.readUInt32BE(version === v9 ? 8 : 4) * 1_000_000;
    const origin: ExportOrigin = {
      source: version.source, exporter, header, micros, bootMicros: version === v9 ? micros - header.readUInt32BE(4) * 1000 : NaN,
    };
    const domain = `${exporter} ${version.number} ${header.readUInt32BE(version.headerBytes - 4)}`;
    const datagram = new Datagram(version, origin, domain, this.templates, this.#counters, emit);
    datagram.sets(bytes.subarray(version.headerBytes));
    // v9 numbers datagrams, IPFIX data records, whose number is not known while a template is missing.
    this.#sequences[version.source].check(domain, header.readUInt32BE(version.headerBytes - 8), version === v9 ? 1 : datagram.dataRecords);
  }
}

/** The sets of one datagram. */
class Datagram {
  /** Data records of flows and options; NaN when some could not be counted. */
  dataRecords = 0;
  #index = 0;

  readonly #version: Version;
  readonly #origin: ExportOrigin;
  readonly #domain: string;
  readonly #templates: Templates;
  readonly #counters: IngestCounters;
  readonly #emit: (entry: LogEntry) => void;

  constructor(
    version: Version,
    origin: ExportOrigin,
    domain: string,
    templates: Templates,
    counters: IngestCounters,
    emit: (entry: LogEntry) => void,
  ) {
    this.#version = version;
    this.#origin = origin;
    this.#domain = domain;
    this.#templates = templates;
    this.#counters = counters;
    this.#emit = emit;
  }

  sets(bytes: Buffer): void {
    for (let at = 0; at + 4 <= bytes.length;) {
      const id = bytes.readUInt16BE(at);
      const length = bytes.readUInt16BE(at + 2);
      if (length < 4 || at + length > bytes.length) {
        this.#counters.add(this.#origin.source, 'malformed set');
        this.dataRecords = NaN;
        return;
      }
      this.#set(id, bytes.subarray(at + 4, at + length));
      at += length;
    }
  }

  #set(id: number, body: Buffer): void {
    const { templateSet, optionsSet } = this.#version;
    if (id === templateSet) this.#readTemplates(body, false);
    else if (id === optionsSet) this.#readTemplates(body, true);
    else if (id < firstDataSet) this.#counters.add(this.#origin.source, 'set of a reserved kind');
    else this.#data(id, body);
  }

  #data(id: number, body: Buffer): void {
    const template = this.#templates.get(this.#domain, id);
    if (template === undefined) {
      this.dataRecords = NaN;
      this.#templates.wait(this.#domain, id, body, this.#origin);
    } else {
      this.dataRecords += this.#records(template, body, this.#origin);
    }
  }

  #readTemplates(body: Buffer, isOptions: boolean): void {
    // What is left of fewer than four bytes is padding.
    for (let at = 0; at + 4 <= body.length;) {
      const read = this.#readTemplate(body, at, isOptions);
      if (read === 0) return;
      at += read;
    }
  }

  /** Returns the bytes that the template takes; 0 when nothing behind it can be read. */
  #readTemplate(body: Buffer, start: number, isOptions: boolean): number {
    const isIpfix = this.#version === ipfix;
    const id = body.readUInt16BE(start);
    let fieldCount = body.readUInt16BE(start + 2);
    if (id < firstDataSet) {
      if (id !== 0 && !(isIpfix && fieldCount === 0)) this.#counters.add(this.#origin.source, 'malformed template');
      return 0;
    }
    if (fieldCount === 0 && isIpfix) {
      this.#templates.forget(this.#domain, id);
      return 4;
    }
    let at = start + 4;
    let scopeFields = 0;
    if (isOptions) {
      if (at + 2 > body.length) return 0;
      scopeFields = body.readUInt16BE(at);
      at += 2;
      // v9 states the bytes of scope and options, IPFIX the number of all fields and of those of the scope.
      if (!isIpfix) {
        fieldCount = (fieldCount + scopeFields) / 4;
        scopeFields = body.readUInt16BE(start + 2) / 4;
      }
    }
    if (fieldCount > maxFields || !Number.isInteger(fieldCount)) {
      this.#counters.add(this.#origin.source, 'malformed template');
      return 0;
    }
    const fields: TemplateField[] = [];
    let recordBytes = 0;
    for (let index = 0; index < fieldCount; index++) {
      const hasEnterprise = isIpfix && at < body.length && body[at]! >= 0x80;
      if (at + (hasEnterprise ? 8 : 4) > body.length) {
        this.#counters.add(this.#origin.source, 'malformed template');
        return 0;
      }
      const element = body.readUInt16BE(at);
      const length = body.readUInt16BE(at + 2);
      fields.push({ element: hasEnterprise ? element & 0x7fff : element, enterprise: hasEnterprise ? body.readUInt32BE(at + 4) : 0, length });
      recordBytes += length === variableLength ? 1 : length;
      at += hasEnterprise ? 8 : 4;
    }
    if (recordBytes === 0) return at - start;
    const template: Template = { fields, scopeFields: isOptions ? Math.max(scopeFields, 1) : 0, recordBytes };
    for (const { origin, records } of this.#templates.learn(this.#domain, id, template)) this.#records(template, records, origin);
    return at - start;
  }

  /** Reads the records of a data set; what is shorter than a record is padding. Returns how many there were. */
  #records(template: Template, body: Buffer, origin: ExportOrigin): number {
    let count = 0;
    for (let at = 0; at + template.recordBytes <= body.length;) {
      const flow = new ExportedFlow();
      const end = readRecord(template, body, at, flow, origin);
      if (end < 0) {
        this.#counters.add(origin.source, 'malformed record');
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
    if (statedSamplingRate > 0) this.#templates.learnRate(this.#domain, samplerId, statedSamplingRate);
  }

  #flow(flow: ExportedFlow, record: Buffer, origin: ExportOrigin): void {
    flow.samplingRate = flow.statedSamplingRate || this.#templates.rate(this.#domain, flow.samplerId);
    const entry = flow.toEntry(origin, record, this.#index++);
    if (entry === null) this.#counters.add(origin.source, 'records without addresses');
    else this.#emit(entry);
  }
}

/** Returns where the record ends; -1 when it goes over the end of its set. */
function readRecord({ fields }: Template, body: Buffer, start: number, flow: ExportedFlow, origin: ExportOrigin): number {
  let at = start;
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
