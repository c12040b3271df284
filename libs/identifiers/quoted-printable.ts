/** Evidence of the encoding: an encoded `=`, a soft line break, or two encoded bytes in a row. */
const signs = /=3D|=\r?\n|(?:=[0-9A-F]{2}){2}/;

/** Decodes quoted-printable text (RFC 2045, section 6.7); null if nothing in it is encoded like this, or the result is not UTF-8. */
export function fromQuotedPrintable(text: string): string | null {
  if (!signs.test(text)) return null;
  const bytes = text.replaceAll(/=\r?\n/g, '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  // Characters beyond Latin-1 cannot be bytes: the text was already decoded, and is left unchanged.
  if (/[^\0-\xff]/.test(bytes)) return bytes;
  const decoded = Buffer.from(bytes, 'latin1').toString('utf8');
  return decoded.includes('\uFFFD') ? null : decoded;
}
