import { isIP } from 'node:net';

/** An address as RFC 5952 writes it, '' of what is none or says nothing (0.0.0.0, ::). */
export function addressOf(text: string): string {
  const bare = text.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(bare) === 0 || bare === '0.0.0.0' || bare === '::') return '';
  return isIP(bare) === 4 ? bare : new URL(`http://[${bare}]/`).hostname.slice(1, -1);
}

/** What every tool writes alike: printable ASCII. Others, and what tshark writes as an escape, become one question mark per run. */
export function printable(text: string): string {
  return text.replace(/(?:\\(?:[0-7]{3}|[abfnrtv])|[^ -~])+/g, '?').replaceAll('\\\\', '\\');
}
