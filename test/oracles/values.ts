import { isIP } from 'node:net';

/** An address in the form of RFC 5952; '' for anything else and for the unspecified addresses (0.0.0.0, ::). */
export function addressOf(text: string): string {
  const bare = text.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(bare) === 0 || bare === '0.0.0.0' || bare === '::') return '';
  return isIP(bare) === 4 ? bare : new URL(`http://[${bare}]/`).hostname.slice(1, -1);
}

/** Keeps what every tool writes alike: printable ASCII. Each run of other characters, or of tshark's escapes for them, becomes one question mark. */
export function printable(text: string): string {
  return text.replace(/(?:\\(?:[0-7]{3}|[abfnrtv])|[^ -~])+/g, '?').replaceAll('\\\\', '\\');
}
