/** What Suricata writes for the target of a request of which it saw only the response. */
const requestNotSeen = '/libhtp::request_uri_not_seen';

/** Distinct names and requests that were seen, from the probe's records or Suricata's events. */
export class Distinct {
  readonly sni = new Set<string>();
  readonly dns = new Set<string>();
  readonly hosts = new Set<string>();
  requests = 0;

  /** Adds those of an EVE event. */
  event(event: Record<string, unknown>): void {
    const { tls, dns, http } = event as {
      tls?: { sni?: string };
      dns?: { rrname?: string; type?: string };
      http?: { hostname?: string; url?: string };
    };
    if (event['event_type'] === 'tls' && tls?.sni) this.sni.add(tls.sni.toLowerCase());
    if (event['event_type'] === 'dns' && dns?.rrname) this.dns.add(dns.rrname.toLowerCase());
    if (event['event_type'] !== 'http') return;
    if (http?.url !== requestNotSeen) this.requests++;
    if (http?.hostname) this.hosts.add(http.hostname.toLowerCase());
  }

  toString(): string {
    return `${this.sni.size} SNI, ${this.dns.size} DNS names, ${this.hosts.size} HTTP hosts, ${this.requests} requests`;
  }
}
