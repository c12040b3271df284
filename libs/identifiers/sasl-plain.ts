/** A login in the format of the SASL mechanism PLAIN (RFC 4616, section 2): `[authorization id] NUL user NUL password`. */
export interface PlainLogin {
  readonly user: string;
  readonly password: string;
  /** Offsets of the user name and the password. */
  readonly userOffset: number;
  readonly passwordOffset: number;
}

const mechanism = Buffer.from('PLAIN');
/**
 * Maps each letter of the name to its position. Since each occurs only once, a search can look at every fifth byte and infer from it where the name
 * would begin.
 */
const letters = new Uint8Array(256);
for (const [i, letter] of mechanism.entries()) letters[letter] = i + 1;
/** Maximum length of a login that is read. */
const longestLogin = 512;

/**
 * The login after the name of the mechanism, in a binary protocol that prefixes its length: a u32 (AMQP 0-9-1, `long-string`), or a tag and a u8 or
 * u32 (AMQP 1.0, `vbin8` and `vbin32`). Null if there is none.
 */
export function findPlainLogin(bytes: Buffer): PlainLogin | null {
  const at = endOfMechanism(bytes);
  if (at < 0 || at + 4 >= bytes.length) return null;
  if (bytes[at] === 0xa0) return loginAt(bytes, at + 2, bytes[at + 1]!);
  if (bytes[at] === 0xb0 && at + 5 < bytes.length) return loginAt(bytes, at + 5, bytes.readUInt32BE(at + 1));
  return loginAt(bytes, at + 4, bytes.readUInt32BE(at));
}

/** Offset after the first name of the mechanism, or -1. */
function endOfMechanism(bytes: Buffer): number {
  for (let i = mechanism.length - 1; i < bytes.length; i += mechanism.length) {
    const letter = letters[bytes[i]!]!;
    if (letter === 0) continue;
    const end = i - letter + 1 + mechanism.length;
    if (end <= bytes.length && mechanism.compare(bytes, end - mechanism.length, end) === 0) return end;
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
