import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { HmacSha256 } from '#flow';

/**
 * Keys with which a client protects its Initial packets. Any observer can derive them, from a published salt and the connection id (RFC 9001,
 * section 5.2).
 */
export interface InitialKeys {
  /** Key objects, since creating a cipher from raw bytes takes ten times as long. */
  readonly key: KeyObject;
  readonly iv: Buffer;
  readonly headerProtection: KeyObject;
}

interface Generation {
  /** Keyed by the salt. */
  readonly extract: HmacSha256;
  /** `quic` or `quicv2`: prefix of the key labels. */
  readonly label: string;
}

const generation = (salt: string, label = 'quic'): Generation => ({ extract: new HmacSha256(Buffer.from(salt, 'hex')), label });
/** RFC 9001, section 5.2, and drafts 33 and 34. */
const version1 = generation('38762cf7f55934b34d179ae6a4c80cadccbb7f0a');
/** RFC 9369, section 3.3.1. */
const version2 = generation('0dede3def700a6db819381be6e269dcbf9bd2ed9', 'quicv2');
/** draft-ietf-quic-tls-29 to 32, section 5.2. */
const draft29 = generation('afbfec289993d24c9e9786f19c6111e04390a899');
/** draft-ietf-quic-tls-23 to 28, section 5.2. */
const draft23 = generation('c3eef712c72ebb5a11a7d2432bb46365bef9f502');
/** Google's Q050, in quiche/quic/core/crypto/crypto_utils.cc. */
const google50 = generation('504574efd066fe2f9d945cfcdbd3a7f0d3b56b45');

const VERSION_2 = 0x6b3343cf;
const Q050 = 0x51303530;

/** Empty for versions with unknown salt. Versions reserved to force negotiation (RFC 9000, section 15) use the keys of the one tried next. */
function generationsOf(version: number): readonly Generation[] {
  if (version === 1) return [version1];
  if (version === VERSION_2) return [version2];
  if (version === Q050) return [google50];
  if (isReservedVersion(version)) return [version1, draft29, draft23];
  if (version >>> 8 === 0xfaceb0) return (version & 0xff) <= 2 ? [draft23] : [draft29];
  if (version >>> 8 !== 0xff0000) return [];
  const draft = version & 0xff;
  return draft >= 33 ? [version1] : draft >= 29 ? [draft29] : draft >= 23 ? [draft23] : [];
}

/** 0x?a?a?a?a. */
export function isReservedVersion(version: number): boolean {
  return (version & 0x0f0f0f0f) === 0x0a0a0a0a;
}

/** The client's keys for a version and the destination connection id of its first Initial: one set for each salt that the version may use. */
export function clientInitialKeys(version: number, connectionId: Buffer): InitialKeys[] {
  return generationsOf(version).map(({ extract, label }) => {
    const secret = new HmacSha256(expandLabel(new HmacSha256(extract.tag(connectionId)), 'client in', 32));
    return {
      key: createSecretKey(expandLabel(secret, `${label} key`, 16)),
      iv: expandLabel(secret, `${label} iv`, 12),
      headerProtection: createSecretKey(expandLabel(secret, `${label} hp`, 16)),
    };
  });
}

/** HKDF-Expand-Label (RFC 8446, section 7.1) with empty context, limited to one block. */
function expandLabel(secret: HmacSha256, label: string, length: number): Buffer {
  return secret.tag(`\0${String.fromCharCode(length, label.length + 6)}tls13 ${label}\0\x01`).subarray(0, length);
}

const sampleBytes = 16;
const tagBytes = 16;

/**
 * Removes the protection of an Initial packet (RFC 9001, sections 5.3 and 5.4). `packet` is the complete packet, whose packet number is at
 * `numberAt`. Null if these are not its keys, or it is too short.
 */
export function openInitial(packet: Buffer, numberAt: number, keys: InitialKeys): Buffer | null {
  if (packet.length < numberAt + 4 + sampleBytes) return null;
  const cipher = createCipheriv('aes-128-ecb', keys.headerProtection, null);
  const mask = cipher.update(packet.subarray(numberAt + 4, numberAt + 4 + sampleBytes));
  const first = packet[0]! ^ (mask[0]! & 0x0f);
  const numberLength = (first & 3) + 1;
  const header = Buffer.from(packet.subarray(0, numberAt + numberLength));
  header[0] = first;
  const nonce = Buffer.from(keys.iv);
  for (let i = 0; i < numberLength; i++) {
    header[numberAt + i]! ^= mask[1 + i]!;
    nonce[nonce.length - numberLength + i]! ^= header[numberAt + i]!;
  }
  const decipher = createDecipheriv('aes-128-gcm', keys.key, nonce);
  decipher.setAAD(header);
  decipher.setAuthTag(packet.subarray(packet.length - tagBytes));
  const plaintext = decipher.update(packet.subarray(numberAt + numberLength, packet.length - tagBytes));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return plaintext;
}
