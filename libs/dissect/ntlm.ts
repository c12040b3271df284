import type { NamedValue } from './named-value.ts';

const signature = Buffer.from('NTLMSSP\0');
const NEGOTIATE = 1;
const AUTHENTICATE = 3;
/** Flags of a NEGOTIATE message: its domain and workstation are present. */
const DOMAIN_SUPPLIED = 0x1000;
const WORKSTATION_SUPPLIED = 0x2000;
/** Length of a NEGOTIATE message that has room for both. */
const negotiation = 32;
/** Flag: strings are UTF-16LE ([MS-NLMP], section 2.2.2.5). */
const NEGOTIATE_UNICODE = 1;
/** Offset of the flags, and length of a message that has them. */
const flags = 60;
/** Longest plausible name, in bytes. */
const longestName = 512;

/**
 * Length of an NTLM version 1 response; one of version 2 begins with the proof, followed by the input to it ([MS-NLMP], section 2.2.2.8).
 */
const responseBytes = 24;
const proofBytes = 16;

/**
 * User, domain, workstation and response of an NTLM AUTHENTICATE message, and domain and workstation of a NEGOTIATE message ([MS-NLMP],
 * sections 2.2.1.3 and 2.2.1.1), also when wrapped in SPNEGO. Other messages, and null sessions, yield nothing.
 */
export function ntlmLogin(bytes: Buffer): NamedValue[] {
  const start = bytes.indexOf(signature);
  const message = start < 0 ? bytes.subarray(0, 0) : bytes.subarray(start);
  if (message.length >= negotiation && message.readUInt32LE(8) === NEGOTIATE) return negotiated(message);
  if (message.length < flags + 4 || message.readUInt32LE(8) !== AUTHENTICATE) return [];
  const charset = (message.readUInt32LE(flags) & NEGOTIATE_UNICODE) !== 0 ? 'utf16le' : 'latin1';
  const user = readName(message, 36, charset);
  return [
    { name: 'login.domain', key: 'domain', value: readName(message, 28, charset) },
    { name: 'login.user_name', key: 'user_name', value: user },
    { name: 'login.workstation', key: 'netbios_name', value: readName(message, 44, charset) },
    // A machine account's password is random, and too long to guess.
    { name: 'login.response', key: 'login_response', value: user.endsWith('$') ? '' : readResponse(message, 20) },
  ].filter(({ value }) => value !== '');
}

/** Its names are in the machine's OEM character set. */
function negotiated(message: Buffer): NamedValue[] {
  const supplied = message.readUInt32LE(12);
  return [
    { name: 'login.domain', key: 'domain', value: (supplied & DOMAIN_SUPPLIED) === 0 ? '' : readName(message, 16, 'latin1') },
    {
      name: 'login.workstation',
      key: 'netbios_name',
      value: (supplied & WORKSTATION_SUPPLIED) === 0 ? '' : readName(message, 24, 'latin1'),
    },
  ].filter(({ value }) => value !== '');
}

/** The client's response to the challenge, in hexadecimal; '' in a null session. */
function readResponse(message: Buffer, at: number): string {
  const length = message.readUInt16LE(at);
  const offset = message.readUInt32LE(at + 4);
  if (length < responseBytes || offset + length > message.length) return '';
  return message.toString('hex', offset, offset + (length === responseBytes ? responseBytes : proofBytes));
}

/** A security buffer: length, allocated length, offset. */
function readName(message: Buffer, at: number, charset: 'utf16le' | 'latin1'): string {
  const length = message.readUInt16LE(at);
  const offset = message.readUInt32LE(at + 4);
  return length > longestName || offset + length > message.length ? '' : message.toString(charset, offset, offset + length);
}
