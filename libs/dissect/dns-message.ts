import { formatIp } from './address.ts';
import { ByteReader } from './reader.ts';

/** A DNS message (RFC 1035, section 4), as far as names and addresses go. Names are in lower case; the root is the empty name. */
export interface DnsMessage {
  isResponse: boolean;
  questions: { name: string; type: number }[];
  answers: DnsAnswer[];
  /** The records of all sections, as far as they name hosts. */
  records: DnsName[];
  /** Network of the client for which a resolver asks (EDNS Client Subnet, RFC 7871), as `203.0.113.0/24`; empty when none is named. */
  clientSubnet: string;
  /** Bytes up to the end of the last question or record that was read. */
  length: number;
  /** False when it ended, or was malformed, before all records its header counts. */
  complete: boolean;
}

/** A record with the name that it is about, and for PTR and SRV the name that it leads to. */
export interface DnsName {
  name: string;
  type: number;
  target: string;
}

/** An A, AAAA or CNAME record; of another one address and canonical name are empty. */
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
/** Families of addresses (https://www.iana.org/assignments/address-family-numbers). */
const [IPV4, IPV6] = [1, 2];
/** Labels of a name are at most 127 (255 octets); a pointer that loops ends here. */
const maxLabels = 128;
const maxNameBytes = 255;
/** Of a name's records those of one message are kept; a full TCP message holds some thousands. */
const maxAnswers = 4096;
const maxRecords = 64;

/** What the flags and counts of a header allow: a cheap first look. `bytes` holds at least the 12 bytes of the header. */
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

/** Parses a message. Null when the header or the first question is none; a later error leaves it incomplete. */
export function parseDns(bytes: Buffer): DnsMessage | null {
  if (bytes.length < headerBytes || !isDnsHeader(bytes)) return null;
  const reader = new NameReader(bytes, headerBytes);
  const message: DnsMessage = { isResponse: bytes[2]! >= 0x80, questions: [], answers: [], records: [], clientSubnet: '', length: headerBytes, complete: false };
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

/** Reads one resource record (RFC 1035, section 4.1.3). The OPT record of EDNS (RFC 6891) has the same shape. */
function readRecord(reader: NameReader, message: DnsMessage): DnsAnswer {
  const name = reader.name();
  const type = reader.u16();
  // Multicast DNS keeps a flag in the top bit of the class (RFC 6762, section 10.2).
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

/** A target that is malformed spoils its record only. */
function targetOf(reader: NameReader, type: number, data: number): string {
  if (type !== PTR && type !== SRV) return '';
  const target = reader.nameAt(type === SRV ? data + 6 : data);
  reader.failed = false;
  return target;
}

/** Looks through the options of an OPT record: family, length of the prefix, scope, and as many bytes as the prefix needs (RFC 7871, section 6). */
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

/** Reads names too: at one that is none it fails, and yields nothing from then on. */
class NameReader extends ByteReader {
  name(): string {
    return this.#readName(this.position, true);
  }

  /** The name that stands at `position`; reading goes on where it was. */
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

/** A name as it is put together from its labels. */
const nameBytes = Buffer.alloc(maxNameBytes);
const DOT = 0x2e;

/** In lower case. Names of DNS are bytes; those of DNS-SD are UTF-8 (RFC 6763, section 4.1.1). */
function textOfName(length: number): string {
  let isAscii = true;
  for (let i = 0; i < length && isAscii; i++) isAscii = nameBytes[i]! < 0x80;
  return nameBytes.toString(isAscii ? 'latin1' : 'utf8', 0, length).toLowerCase();
}
