/** A login as SASL's mechanism PLAIN has it (RFC 4616, section 2): `[authorization id] NUL user NUL password`. */
export interface PlainLogin {
  readonly user: string;
  readonly password: string;
  /** Of the user name and the password. */
  readonly userOffset: number;
  readonly passwordOffset: number;
}

const mechanism = Buffer.from('PLAIN');
/** By byte, how far on the name may end when the byte stands where it could end: a search looks at one byte in five (Boyer-Moore-Horspool). */
const toEnd = Uint8Array.from({ length: 256 }, (_, byte) => mechanism.length - 1 - mechanism.lastIndexOf(byte));
/** Bytes of a login that are read. */
const longestLogin = 512;

/**
 * The login behind the name of the mechanism, in a binary protocol that says how long it is: a u32 (AMQP 0-9-1, `long-string`), or a tag and a u8 or
 * u32 (AMQP 1.0, `vbin8` and `vbin32`). Null where none stands.
 */
export function findPlainLogin(bytes: Buffer): PlainLogin | null {
  const at = endOfMechanism(bytes);
  if (at < 0 || at + 4 >= bytes.length) return null;
  if (bytes[at] === 0xa0) return loginAt(bytes, at + 2, bytes[at + 1]!);
  if (bytes[at] === 0xb0 && at + 5 < bytes.length) return loginAt(bytes, at + 5, bytes.readUInt32BE(at + 1));
  return loginAt(bytes, at + 4, bytes.readUInt32BE(at));
}

/** Behind the first name of the mechanism; -1 when there is none. */
function endOfMechanism(bytes: Buffer): number {
  for (let i = mechanism.length - 1; i < bytes.length; i += toEnd[bytes[i]!] || 1) {
    const start = i + 1 - mechanism.length;
    if (toEnd[bytes[i]!] === 0 && mechanism.every((byte, j) => bytes[start + j] === byte)) return i + 1;
  }
  return -1;
}

function loginAt(bytes: Buffer, start: number, length: number): PlainLogin | null {
  const end = start + length;
  if (length < 5 || length > longestLogin || end > bytes.length) return null;
  const first = bytes.indexOf(0, start);
  const second = first < 0 ? -1 : bytes.indexOf(0, first + 1);
  if (second < 0 || second >= end || bytes.subarray(second + 1, end).includes(0)) return null;
  const user = bytes.toString('utf8', first + 1, second);
  const password = bytes.toString('utf8', second + 1, end);
  if (/[\p{Cc}\uFFFD]/u.test(user + password)) return null;
  return { user, password, userOffset: first + 1, passwordOffset: second + 1 };
}
