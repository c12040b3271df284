/** QUIC version 1 (RFC 9000), version 2 (RFC 9369), the drafts, Google's and Meta's own, and Version Negotiation (0). */
function isQuicVersion(version: number): boolean {
  if (version === 0 || version === 1 || version === 0x6b3343cf) return true;
  const family = version >>> 8;
  if (family === 0xff0000 || family === 0xfaceb0) return true;
  return isGoogleVersion(version);
}

/** `Q043`, `T051` and their like. */
function isGoogleVersion(version: number): boolean {
  const letter = version >>> 24;
  return (letter === 0x51 || letter === 0x54) && ((version >>> 16) & 0xff) === 0x30 && isDigit((version >>> 8) & 0xff) && isDigit(version & 0xff);
}

const maxConnectionId = 20;

/** A packet with QUIC's long header (RFC 8999, section 5.1), or Google QUIC's older public header with a version in it. */
export function isQuic(payload: Buffer): boolean {
  if (payload.length < 14) return false;
  const first = payload[0]!;
  if (first >= 0x80) {
    const version = payload.readUInt32BE(1);
    if (!isQuicVersion(version)) return false;
    if (isGoogleVersion(version)) return true;
    if (version !== 0 && (first & 0x40) === 0) return false;
    const destination = payload[5]!;
    const source = payload[6 + destination];
    return destination <= maxConnectionId && source !== undefined && source <= maxConnectionId && payload.length > 7 + destination + source;
  }
  // Version flag set, and a connection id of 8 bytes.
  return (first & 0x09) === 0x09 && (first & 0xc0) === 0 && isGoogleVersion(payload.readUInt32BE(9));
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
