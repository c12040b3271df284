/** A line of Suricata's EVE: a DNS query for `name`. */
export function dnsEvent(name: string): string {
  return `${JSON.stringify({
    timestamp: '2024-05-01T12:00:00.000001+0000',
    flow_id: 7,
    event_type: 'dns',
    src_ip: '10.0.0.5',
    src_port: 5353,
    dest_ip: '10.0.0.1',
    dest_port: 53,
    proto: 'UDP',
    dns: { type: 'query', rrname: name, rrtype: 'A' },
  })}\n`;
}
