import { formatIp } from './address.ts';
import { ByteReader } from './reader.ts';

/** A DNS message (RFC 1035, section 4), reduced to names and addresses. Names are in lower case; the root is the empty name. */
export interface DnsMessage {
  isResponse: boolean;
  questions: { name: string; type: number }[];
  answers: DnsAnswer[];
  /** Those records of all sections that contain host names. */
  records: DnsName[];
  /** Network of the client on whose behalf a resolver queries (EDNS Client Subnet, RFC 7871), as `203.0.113.0/24`; empty if absent. */
  clientSubnet: string;
  /** Bytes up to the end of the last question or record that was read. */
  length: number;
  /** False if it ended, or was malformed, before all the records that its header announces. */
  complete: boolean;
}

/** A record's owner name and, for PTR and SRV, its target. */
export interface DnsName {
  name: string;
  type: number;
  target: string;
}

/** An A, AAAA or CNAME record; address and canonical name are empty for any other type. */
export interface DnsAnswer {
  name: string;
  ttl: number;
  address: string;
  canonicalName: string;
}

const headerBytes = 12;
const A = 1;
const CNAME = 5;
const AAAA = 28;
const PTR = 12;
const SRV = 33;
const OPT = 41;
const IN = 1;
const CLIENT_SUBNET = 8;
/** Address families (https://www.iana.org/assignments/address-family-numbers). */
const [IPV4, IPV6] = [1, 2];
/** A name has at most 127 labels (255 octets), so a pointer loop ends here. */
const maxLabels = 128;
const maxNameBytes = 255;
/** How many records are kept per message; a full-size TCP message holds some thousands. */
const maxAnswers = 4096;
const maxRecords = 64;

/** A cheap first check of the header's flags and counts. `bytes` holds at least the 12 bytes of the header. */
export function isDnsHeader(bytes: Buffer): boolean {
  const opcode = (bytes[2]! >> 3) & 0x0f;
  if (opcode === 3 || opcode > 6) return false;
  const questions = bytes.readUInt16BE(4);
  const answers = bytes.readUInt16BE(6);
  const authorities = bytes.readUInt16BE(8);
  const additionals = bytes.readUInt16BE(10);
  const isResponse = bytes[2]! >= 0x80;
  return isResponse ? questions + answers + authorities + additionals > 0 || (bytes[3]! & 0x0f) !== 0 : questions + answers > 0;
}

/** Parses a message. Null if the header or the first question is invalid; a later error leaves the message incomplete. */
export function parseDns(bytes: Buffer): DnsMessage | null {
  if (bytes.length < headerBytes || !isDnsHeader(bytes)) return null;
  const reader = new NameReader(bytes, headerBytes);
  const message: DnsMessage = {
    isResponse: bytes[2]! >= 0x80, questions: [], answers: [], records: [], clientSubnet: '', length: headerBytes, complete: false,
  };
  for (let left = bytes.readUInt16BE(4); left > 0; left--) {
    const name = reader.name();
    const type = reader.u16();
    reader.u16();
    if (reader.failed) return message.questions.length === 0 ? null : message;
    message.questions.push({ name, type });
    message.length = reader.position;
  }
  const answers = bytes.readUInt16BE(6);
  const records = answers + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  for (let index = 0; index < records; index++) {
    const answer = readRecord(reader, message);
    if (reader.failed) return message;
    message.length = reader.position;
    if (index < answers && message.answers.length < maxAnswers) message.answers.push(answer);
  }
  message.complete = true;
  return message;
}

/** Reads one resource record (RFC 1035, section 4.1.3). The OPT record of EDNS (RFC 6891) has the same layout. */
function readRecord(reader: NameReader, message: DnsMessage): DnsAnswer {
  const name = reader.name();
  const type = reader.u16();
  // Multicast DNS uses the top bit of the class as a flag (RFC 6762, section 10.2).
  const isInternet = (reader.u16() & 0x7fff) === IN;
  const ttl = reader.u32();
  const length = reader.u16();
  const data = reader.position;
  reader.skip(length);
  const answer: DnsAnswer = { name, ttl, address: '', canonicalName: '' };
  if (type === OPT && !reader.failed) message.clientSubnet = readClientSubnet(reader.bytes, data, data + length);
  if (reader.failed || !isInternet) return answer;
  if (message.records.length < maxRecords) message.records.push({ name, type, target: targetOf(reader, type, data) });
  if ((type === A && length === 4) || (type === AAAA && length === 16)) answer.address = formatIp(reader.bytes, data, length);
  else if (type === CNAME) answer.canonicalName = reader.nameAt(data);
  return answer;
}

/** Reads a target; a malformed one invalidates only its own record. */
function targetOf(reader: NameReader, type: number, data: number): string {
  if (type !== PTR && type !== SRV) return '';
  const target = reader.nameAt(type === SRV ? data + 6 : data);
  reader.failed = false;
  return target;
}

/** Searches the options of an OPT record: family, prefix length, scope, and as many bytes as the prefix needs (RFC 7871, section 6). */
function readClientSubnet(bytes: Buffer, start: number, end: number): string {
  for (let position = start; position + 4 <= end; position += 4 + bytes.readUInt16BE(position + 2)) {
    const value = position + 4;
    const length = bytes.readUInt16BE(position + 2);
    if (bytes.readUInt16BE(position) !== CLIENT_SUBNET || length < 4 || value + length > end) continue;
    const family = bytes.readUInt16BE(value);
    if (family !== IPV4 && family !== IPV6) return '';
    const address = Buffer.alloc(family === IPV4 ? 4 : 16);
    if (length - 4 > address.length) return '';
    bytes.copy(address, 0, value + 4, value + length);
    return `${formatIp(address, 0, address.length)}/${bytes[value + 2]}`;
  }
  return '';
}

/** A reader that also reads names. After an invalid name it is in error, and yields nothing further. */
class NameReader extends ByteReader {
  name(): string {
    return this.#readName(this.position, true);
  }

  /** The name at `position`; the reading position is unchanged. */
  nameAt(position: number): string {
    return this.#readName(position, false);
  }

  #readName(start: number, advance: boolean): string {
    const { bytes } = this;
    let written = 0;
    let position = start;
    let followed = false;
    let octets = 0;
    for (let labels = 0; labels < maxLabels; labels++) {
      const length = bytes[position];
      if (length === undefined) break;
      if (length >= 0xc0) {
        const low = bytes[position + 1];
        if (low === undefined) break;
        if (advance && !followed) this.position = position + 2;
        followed = true;
        position = (length & 0x3f) * 256 + low;
      } else if (length === 0) {
        if (advance && !followed) this.position = position + 1;
        return textOfName(written);
      } else {
        const end = position + 1 + length;
        octets += length + 1;
        if (length > 63 || end > bytes.length || octets > maxNameBytes) break;
        if (written > 0) nameBytes[written++] = DOT;
        for (position++; position < end; position++) nameBytes[written++] = bytes[position]!;
      }
    }
    this.failed = true;
    return '';
  }
}

/** Buffer in which a name is assembled from its labels. */
const nameBytes = Buffer.alloc(maxNameBytes);
const DOT = 0x2e;

/** The assembled name, in lower case. DNS names are bytes; those of DNS-SD are UTF-8 (RFC 6763, section 4.1.1). */
function textOfName(length: number): string {
  let isAscii = true;
  for (let i = 0; i < length && isAscii; i++) isAscii = nameBytes[i]! < 0x80;
  return nameBytes.toString(isAscii ? 'latin1' : 'utf8', 0, length).toLowerCase();
}
