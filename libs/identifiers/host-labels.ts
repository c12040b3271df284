import type { IdentifierKind } from './kind.ts';
import { kindsByName, nameOfKey, type KindsByName } from './kinds-by-name.ts';

/** Fields whose value is a host name. */
export const hostFields: ReadonlySet<string> = new Set([
  'dns.question.name', 'dns.answer.cname', 'tls.client.server_name', 'tls.certificate.name', 'http.request.header.host', 'url.domain', 'smtp.helo',
  'dhcp.host_name', 'dhcp.client_fqdn', 'stun.realm', 'socks.request.host', 'coap.uri_host', 'sd-rtn.sni',
]);

/** A DNS name has at most 255 bytes, with few words that name a kind. */
const longestName = 255;
/** Shorter names, such as `sn` and `did`, are parts of machine names. */
const shortestKey = 4;
const shortestValue = 6;
const mostWords = 3;

/**
 * Identifiers in the labels of a host name, if a label also names the kind: `imei-490154203237518.example.org`, `imei.490154203237518.example.org`.
 * Only kinds that track a person or a device count: `session-7` and `user-2` are machines.
 */
export class HostLabels {
  readonly #kinds: KindsByName;

  constructor(catalogue: readonly IdentifierKind[]) {
    const following = catalogue.filter(({ dataClass, within }) => (dataClass === 'device' || dataClass === 'direct') && within === undefined);
    this.#kinds = kindsByName(following, (key) => nameOfKey(key).length >= shortestKey || nameOfKey(key) === 'mac');
  }

  find(host: string): { kind: IdentifierKind; value: string }[] {
    if (host.length > longestName || !/\d/.test(host)) return [];
    const found: { kind: IdentifierKind; value: string }[] = [];
    const labels = host.toLowerCase().split('.');
    labels.forEach((label, index) => {
      const words = label.split(/[-_]+/);
      let end = 0;
      for (let count = 1; count <= Math.min(mostWords, words.length); count++) {
        end = label.indexOf(words[count - 1]!, end) + words[count - 1]!.length;
        const kinds = this.#kinds.get(words.slice(0, count).join(''));
        if (kinds === undefined) continue;
        const value = count === words.length ? labels[index + 1] ?? '' : label.slice(end).replace(/^[-_]+/, '');
        const kind = value.length < shortestValue || !/\d/.test(value) ? undefined : kinds.find((candidate) => candidate.validate(value));
        if (kind !== undefined) found.push({ kind, value });
      }
    });
    return found;
  }
}
