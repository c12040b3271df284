/** Distinct names that were seen: by the probe's records, or by the events of Suricata. */
export class Distinct {
  readonly sni = new Set<string>();
  readonly dns = new Set<string>();
  readonly hosts = new Set<string>();
  requests = 0;

  /** Of an event of EVE. */
  event(event: Record<string, unknown>): void {
    const { tls, dns, http } = event as { tls?: { sni?: string }; dns?: { rrname?: string; type?: string }; http?: { hostname?: string } };
    if (event['event_type'] === 'tls' && tls?.sni) this.sni.add(tls.sni.toLowerCase());
    if (event['event_type'] === 'dns' && dns?.rrname) this.dns.add(dns.rrname.toLowerCase());
    if (event['event_type'] !== 'http') return;
    this.requests++;
    if (http?.hostname) this.hosts.add(http.hostname.toLowerCase());
  }

  toString(): string {
    return `${this.sni.size} SNI, ${this.dns.size} DNS names, ${this.hosts.size} HTTP hosts, ${this.requests} requests`;
  }
}
