// How values are formatted.

const grouped = new Intl.NumberFormat('en');
const regions = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });

export const number = (value) => grouped.format(value);
export const plural = (value, noun) => `${number(value)} ${noun}${value === 1 ? '' : 's'}`;

export function countryName(code) {
  if (code === '') return 'unknown';
  try {
    return regions.of(code) ?? code;
  } catch { // not a region code: shown as it is
    return code;
  }
}

export const country = (code) => (code === '' || countryName(code) === code ? countryName(code) : `${code} ${countryName(code)}`);

/** Where a peer is, or why it has no place: it never leaves the network, or is in many places. */
export function placeName(finding) {
  const unlocated = finding['telltale.peer.unlocated'];
  if (finding['telltale.peer.located'] !== '' || !['local', 'anycast'].includes(unlocated)) return countryName(finding['telltale.peer.located']);
  return unlocated === 'local' ? 'local network' : unlocated;
}

/** Parts of `2026-11-21T18:07:14.123456Z`. */
export const dateOf = (timestamp) => timestamp.slice(0, 10);
export const timeOf = (timestamp) => timestamp.slice(11, 19);
export const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');

const binary = ['KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(count) {
  if (count < 1024) return `${number(count)} B`;
  let value = count / 1024;
  let unit = 0;
  while (value >= 1024 && unit < binary.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${binary[unit]}`;
}

export function duration(seconds) {
  if (seconds < 0.001) return '0 ms';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}

const units = [['day', 86_400], ['h', 3600], ['min', 60], ['s', 1]];

/** The width of a bar in words, as a whole number of some unit. */
export function period(seconds) {
  const [unit, length] = units.find(([, each]) => seconds % each === 0);
  return `${number(seconds / length)} ${unit}${unit === 'day' && seconds > length ? 's' : ''}`;
}

/** Microseconds since 1970; Date alone would drop the last three digits. */
export const microsOf = (timestamp) => Date.parse(`${timestamp.slice(0, 19)}Z`) * 1000 + Number(timestamp.slice(20, 26).padEnd(6, '0'));
export const endpoint = (ip, port) => (port === 0 ? ip : ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
