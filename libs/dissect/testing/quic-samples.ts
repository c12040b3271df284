import { createCipheriv } from 'node:crypto';
import { clientInitialKeys } from '../quic-keys.ts';
import { bytes, hex, u16, u8 } from './bytes.ts';

/** The ClientHello of RFC 9001, appendix A.2, for `example.com`. */
export const rfcHello =
  hex(`010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578616d706c652e636f6d
  ff01000100000a00080006001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748
  002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff080110010480007530090110
  0f088394c8f03e51570806048000ffff`);

export const rfcConnection = hex('8394c8f03e515708');

/** A CRYPTO frame. */
export function cryptoFrame(offset: number, data: Buffer): Buffer {
  return bytes(u8(6), u16(0x4000 + offset), u16(0x4000 + data.length), data);
}

/** Protects an Initial packet of 1200 bytes with the packet number 2, as a client does (RFC 9001, section 5; appendix A.2). */
export function sealInitial(version: number, connection: Buffer, frames: Buffer, size = 1162): Buffer {
  const keys = clientInitialKeys(version, connection)[0]!;
  const first = version === 0x6b3343cf ? 0xd3 : 0xc3;
  const payload = bytes(frames, Buffer.alloc(size - frames.length));
  const header = bytes(
    u8(first),
    u16(version >>> 16),
    u16(version & 0xffff),
    u8(connection.length),
    connection,
    hex('0000'),
    u16(0x4000 + payload.length + 20),
    hex('00000002'),
  );
  const nonce = Buffer.from(keys.iv);
  nonce[11]! ^= 2;
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce);
  cipher.setAAD(header);
  const sealed = bytes(cipher.update(payload), cipher.final(), cipher.getAuthTag());
  const mask = createCipheriv('aes-128-ecb', keys.headerProtection, null).update(sealed.subarray(0, 16));
  header[0]! ^= mask[0]! & 0x0f;
  for (let i = 0; i < 4; i++) header[header.length - 4 + i]! ^= mask[1 + i]!;
  return bytes(header, sealed);
}
