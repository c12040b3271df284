const recordHeader = 13;

/** A DTLS 1.0 or 1.2 record (RFC 6347, section 4.1), also as DTLS 1.3 begins (RFC 9147, section 5.3). */
export function isDtls(payload: Buffer): boolean {
  if (payload.length <= recordHeader) return false;
  const type = payload[0]!;
  // change_cipher_spec to heartbeat, and tls12_cid, whose length stands behind the connection id.
  if (type < 20 || type > 25 || payload[1] !== 0xfe || (payload[2] !== 0xff && payload[2] !== 0xfd)) return false;
  return type === 25 || recordHeader + payload.readUInt16BE(11) <= payload.length;
}
