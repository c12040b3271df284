/** Paths in which names are those of the protocol and the application. */
const root = /^(?:url\.(?:query|path)|http\.(?:request|response)\.(?:(?:header|trailer)(?:\.(?:set-)?cookie)?|body(?:\.(?:json|form|multipart))?))/;

/**
 * Data that is not the name of a field: an address (other than `payload@12`), percent-encoded or not; a long number, or one in groups; a UUID,
 * hexadecimal digits, a MAC address in any of its spellings.
 */
const data =
  /(?<!payload)@|%(?:25)*40|\d{6}|\d(?:[ ()-]{0,3}\d){8}|[0-9a-f]{8}-[0-9a-f]{4}-|(?=[a-f]*\d)[0-9a-f]{12}|(?:[0-9a-f]{2}[:-]){3}|(?=[a-f.]*\d)(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}/i;

/**
 * A path as it may leave the probe. Some applications use identifiers as keys (`{"members":{"anna@example.org":{"room":…}}}`): the part of such a
 * path between its root and its last name is replaced by `{key}`.
 */
export function publicPath(path: string): string {
  if (!data.test(path)) return path;
  const kept = root.exec(path)?.[0] ?? '';
  const last = path.slice(path.lastIndexOf('.') + 1);
  const end = data.test(last) || kept.length + last.length >= path.length ? '' : `.${last}`;
  return `${kept}${kept === '' ? '' : '.'}{key}${end}`;
}
